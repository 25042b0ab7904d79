// The title and description of a conversation, at the top of its panel.

import type { ConversationDetail } from "tidings";

import { avatar } from "../avatar";
import { field, openDialog } from "../dialog";
import { button, element } from "../dom";
import { reasonOf, type Person } from "../person";
import { may } from "../rights";
import { createSection, type Section } from "../section";
import { calledOf } from "../texts";

/** Creates the part with title and description. */
export function createAbout(person: Person, conversation: string): Section {
  const { client } = person;
  return createSection(
    element("div", { class: "about" }),
    (detail) => [titleOf(detail, client.account), detail.title, detail.description, mayEdit(detail)],
    (detail) => {
      const peer = detail.members.find((member) => member.account !== client.account);
      const name = titleOf(detail, client.account);
      const description = detail.description ?? "";
      return [
        avatar(detail.kind === "direct" ? (peer?.account ?? conversation) : conversation, name, "large"),
        element("p", { class: "about-title", "data-testid": "detail-title" }, name),
        detail.kind === "direct" && peer !== undefined && element("code", {}, peer.account),
        description !== "" &&
          element("p", { class: "about-description", "data-testid": "detail-description" }, description),
        mayEdit(detail) &&
          button(
            { class: "link", "data-testid": "edit-info", "data-focus": "edit" },
            () => askForInfo(person, detail),
            description === "" ? "Edit title, add a description" : "Edit title and description",
          ),
      ];
    },
  );
}

/** The name to show for a conversation: its title, or the names of the others. */
export function titleOf(detail: ConversationDetail, account: string): string {
  const title = detail.title ?? "";
  if (title !== "") {
    return title;
  }
  const others = detail.members.filter((member) => member.account !== account);
  return calledOf(others.map((member) => member.name).join(", "));
}

function mayEdit(detail: ConversationDetail): boolean {
  return detail.kind !== "direct" && may(detail, "conversation:info");
}

function askForInfo(person: Person, now: ConversationDetail): void {
  const { client } = person;
  const title = element("input", {
    type: "text",
    maxlength: 200,
    value: now.title ?? "",
    "data-testid": "edit-title",
  });
  const description = element(
    "textarea",
    { rows: 3, maxlength: 2000, "data-testid": "edit-description" },
    now.description ?? "",
  );
  openDialog({
    title: "Title and description",
    fields: [field("Title", title), field("Description", description)],
    agree: "Save",
    act: async () => {
      const words = { title: title.value.trim(), description: description.value.trim() };
      try {
        if (words.title !== (now.title ?? "")) {
          await client.setTitle(now.conversation, words.title || undefined);
        }
        if (words.description !== (now.description ?? "")) {
          await client.setDescription(now.conversation, words.description || undefined);
        }
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
  });
}
