// The invite links of a conversation in its panel: created, disabled, deleted. A link is shown once,
// when it is created, because its code is stored nowhere.

import type { ConversationDetail, InviteRow, Role } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element } from "../dom";
import { chosenExpiry, expirySelect } from "../expiry";
import { icon } from "../icons";
import { attempt, reasonOf, type Person } from "../person";
import { may, rankOf } from "../rights";
import { createSection, type Section } from "../section";
import { linkOf, roleName, untilWords } from "../texts";

/** Creates the part with the links. */
export function createInvites(person: Person, conversation: string): Section {
  return createSection(
    element("section", { class: "details-section", hidden: true, tabindex: "-1", "data-testid": "invites" }),
    (detail) => [detail.invites, detail.policies.join, mayInvite(detail)],
    (detail) =>
      mayInvite(detail)
        ? [
            element("h3", {}, "Invite links"),
            detail.policies.join === "invite_only" &&
              element("p", { class: "quiet" }, "The rules do not allow joining by link at the moment."),
            element(
              "ul",
              { class: "role-list", role: "list", "aria-label": "Invite links" },
              ...detail.invites.map((invite) => drawInvite(person, conversation, invite)),
            ),
            button(
              { class: "button", "data-testid": "new-invite", "data-focus": "new-invite" },
              () => openNewInvite(person, detail),
              "New link",
            ),
          ]
        : [],
  );
}

function drawInvite(person: Person, conversation: string, invite: InviteRow): HTMLElement {
  const { client } = person;
  const { id, role, enabled, uses, usesMax, until } = invite;
  const terms = [
    usesMax === undefined ? `used ${uses} times` : `used ${uses} of ${usesMax} times`,
    ...(until === undefined ? [] : [until <= Date.now() ? "expired" : untilWords(until)]),
    ...(enabled ? [] : ["turned off"]),
  ];
  const kept = { role, ...(until !== undefined && { until: new Date(until) }), ...(usesMax !== undefined && { usesMax }) };
  return element(
    "li",
    { class: "role", "data-testid": "invite", "data-invite": id, "data-enabled": String(enabled) },
    element(
      "span",
      { class: "role-text" },
      element("span", { class: "role-title" }, `Joins as ${roleName(role).toLowerCase()}`),
      element("span", { class: "quiet" }, terms.join(", ")),
    ),
    button(
      { class: "button small", "data-testid": "invite-toggle", "data-focus": `toggle ${id}` },
      () => void attempt(person, client.setInvite(conversation, id, { ...kept, enabled: !enabled })),
      enabled ? "Turn off" : "Turn on",
    ),
    button(
      {
        class: "icon-button",
        "aria-label": "Delete the link",
        title: "Delete",
        "data-testid": "invite-remove",
        "data-focus": `remove ${id}`,
      },
      () => void attempt(person, client.setInvite(conversation, id)),
      icon("trash"),
    ),
  );
}

function openNewInvite(person: Person, detail: ConversationDetail): void {
  const usual: Role = detail.kind === "channel" ? "subscriber" : "member";
  const roster = detail.roles.filter((role) => role.rank <= rankOf(detail, "member")).map((role) => role.name);
  const roles = detail.kind === "channel" ? [usual, ...roster.reverse()] : roster.reverse();
  const role = element(
    "select",
    { "data-testid": "invite-role" },
    ...roles.map((name) => element("option", { value: name, selected: name === usual }, roleName(name))),
  );
  const until = expirySelect("invite-until");
  const uses = element("input", {
    type: "number",
    min: 1,
    max: 1_000_000,
    placeholder: "Unlimited",
    "data-testid": "invite-uses",
  });
  let link: string | undefined;
  openDialog({
    title: "New invite link",
    fields: [field("Joins as", role), field("Valid", until), field("Maximum uses", uses)],
    agree: "Create link",
    act: async () => {
      const usesMax = uses.value === "" ? {} : { usesMax: uses.valueAsNumber };
      const chosen: Role = role.value;
      try {
        const invite = { role: chosen, ...chosenExpiry(until), ...usesMax };
        const { code } = await person.client.createInvite(detail.conversation, invite);
        link = linkOf(detail.conversation, code);
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
    then: () => {
      if (link !== undefined) {
        showLink(person, link);
      }
    },
  });
}

function showLink(person: Person, link: string): void {
  const shown = element("input", { type: "text", readonly: true, value: link, "data-testid": "invite-link" });
  shown.addEventListener("focus", () => shown.select());
  openDialog({
    title: "The link",
    fields: [
      field("Send it to the people you want to join", shown, "It is shown only once: nobody can look it up later."),
    ],
    agree: "Copy",
    act: async () => {
      try {
        await navigator.clipboard.writeText(link);
        person.say("Copied.");
        return undefined;
      } catch {
        shown.select();
        return "This browser does not allow copying. Copy the link by hand.";
      }
    },
  });
}

function mayInvite(detail: ConversationDetail): boolean {
  return detail.kind !== "direct" && may(detail, "invite:create");
}
