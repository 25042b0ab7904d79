// Actions on a conversation as a whole: lock, archive, close, reopen, delete, and leave it.

import type { ConversationDetail, ConversationState } from "tidings";

import { openDialog } from "../dialog";
import { button, element } from "../dom";
import { icon, type IconName } from "../icons";
import { attempt, outcome, type Person } from "../person";
import { may, mayInAnyState } from "../rights";
import { createSection, type Section } from "../section";

/** Creates the part with the actions. */
export function createLifecycle(person: Person, conversation: string): Section {
  const { client } = person;

  function action(name: string, face: IconName, words: string, hint: string, act: () => void, danger = false): HTMLElement {
    return button(
      { class: danger ? "panel-action danger" : "panel-action", "data-testid": name, "data-focus": name },
      act,
      icon(face),
      element("span", { class: "panel-action-text" }, words, hint !== "" && element("span", { class: "quiet" }, hint)),
    );
  }

  const setState = (state: ConversationState) => (): void => void attempt(person, client.setState(conversation, state));
  const setLocked = (locked: boolean) => (): void => void attempt(person, client.setLocked(conversation, locked));

  function draw(detail: ConversationDetail): (HTMLElement | false)[] {
    if (detail.kind === "direct" || detail.status !== "active") {
      return [];
    }
    const { locked, state } = detail;
    // What is about a resource is closed with its lead, and by the owner's side only.
    const isResource = detail.kind === "resource";
    const mayState =
      state !== "deleted" && detail.party !== "client" && mayInAnyState(detail, "conversation:archive");
    return [
      may(detail, "conversation:lock") &&
        (locked
          ? action("unlock", "lock", "Unlock", "Members can write again.", setLocked(false))
          : action("lock", "lock", "Lock", "Only moderators and above can write.", setLocked(true))),
      mayState &&
        state !== "active" &&
        action("reopen", "open", "Reopen", "Opens the conversation again.", setState("active")),
      mayState && state === "active" && action("archive", "archive", "Archive", archiveHint(isResource), setState("archived")),
      mayState && !isResource && state !== "closed" && action("close", "check", "Close", "Ends it for everybody.", setState("closed")),
      state !== "deleted" && action("leave", "leave", "Leave", "", askToLeave, true),
      state !== "deleted" &&
        mayInAnyState(detail, "conversation:delete") &&
        action("delete-conversation", "trash", "Delete", "", askToDelete, true),
    ];
  }

  function askToLeave(): void {
    openDialog({
      title: "Leave this conversation?",
      fields: [element("p", {}, "You keep what you have read so far. A member can add you again.")],
      agree: "Leave",
      danger: true,
      act: () => outcome(client.leave(conversation)),
    });
  }

  function askToDelete(): void {
    openDialog({
      title: "Delete this conversation?",
      fields: [element("p", {}, "It is deleted for everybody, with all its messages. This cannot be undone.")],
      agree: "Delete",
      danger: true,
      act: () => outcome(client.setState(conversation, "deleted")),
    });
  }

  return createSection(
    element("section", { class: "details-section panel-actions", "aria-label": "This conversation", tabindex: "-1" }),
    ({ kind, status, permissions, role, locked, state, party }) => [kind, status, permissions, role, locked, state, party],
    draw,
  );
}

function archiveHint(isResource: boolean): string {
  return isResource ? "Until the client writes again." : "Makes it read-only for everybody.";
}
