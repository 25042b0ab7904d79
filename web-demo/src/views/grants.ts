// Grants and denials of one member beside their role: shown under the member, and changed in a dialog,
// for good or for a while.

import type { ConversationDetail, GrantRow, MemberRow, Permission } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element } from "../dom";
import { AN_HOUR_MS, chosenExpiry, expirySelect } from "../expiry";
import { icon } from "../icons";
import { attempt, outcome, type Person } from "../person";
import { mayGive } from "../rights";
import { PERMISSION_GROUPS, permissionName, untilWords } from "../texts";

/** A member's grants and denials as a short text. */
export function grantList(member: MemberRow): HTMLElement {
  return element(
    "ul",
    { class: "grants", role: "list", "aria-label": `Beside the role of ${member.name}` },
    ...member.grants.map((grant) => element("li", grantAttributes(grant), grantWords(grant))),
  );
}

/** Asks which permission to grant or deny. */
export function openGrants(person: Person, detail: ConversationDetail, member: MemberRow): void {
  const { client } = person;
  const { conversation } = detail;
  const permission = element(
    "select",
    { "data-testid": "grant-permission" },
    ...PERMISSION_GROUPS.map(([title, permissions]) =>
      element(
        "optgroup",
        { label: title },
        ...permissions.map((one) => element("option", { value: one }, permissionName(one))),
      ),
    ),
  );
  const allow = choice("true", "Allowed");
  const deny = choice("false", "Not allowed");
  const until = expirySelect("grant-until", AN_HOUR_MS);
  const current = element(
    "ul",
    { class: "grants grants-current", role: "list", "aria-label": "Now" },
    ...member.grants.map((grant) => currentGrant(person, detail, member, grant)),
  );
  const followChoice = (): void => {
    // Nobody can give a permission they lack, but they can take it away.
    const isGivable = mayGive(detail, chosen());
    allow.input.disabled = !isGivable;
    (isGivable ? allow : deny).input.checked = true;
  };
  const chosen = (): Permission => permission.value as Permission;
  permission.value = "pin:add";
  permission.addEventListener("change", followChoice);
  followChoice();
  openDialog({
    title: `Permissions of ${member.name}`,
    fields: [
      member.grants.length > 0 && current,
      field("Permission", permission),
      element("div", { class: "choices", role: "radiogroup", "aria-label": "Allowed or not" }, allow.label, deny.label),
      field("How long", until, "After that the role applies again."),
    ],
    agree: "Save",
    act: () =>
      outcome(
        client.setPermission(conversation, member.account, chosen(), allow.input.checked, chosenExpiry(until)),
      ),
  });
}

/** Asks how long to mute somebody. */
export function openMute(person: Person, detail: ConversationDetail, member: MemberRow): void {
  const until = expirySelect("mute-until", AN_HOUR_MS);
  openDialog({
    title: `Mute ${member.name}?`,
    fields: [element("p", {}, "They can still read, but not write."), field("How long", until)],
    agree: "Mute",
    act: () =>
      outcome(
        person.client.setPermission(
          detail.conversation,
          member.account,
          "message:send",
          false,
          chosenExpiry(until),
        ),
      ),
  });
}

function currentGrant(person: Person, detail: ConversationDetail, member: MemberRow, grant: GrantRow): HTMLElement {
  const { permission } = grant;
  const item = element("li", grantAttributes(grant), element("span", {}, grantWords(grant)));
  const takeBack = async (): Promise<void> => {
    const command = person.client.setPermission(detail.conversation, member.account, permission, undefined);
    if (await attempt(person, command)) {
      item.remove();
    }
  };
  // Lifting a denial counts as granting.
  if (grant.allowed || mayGive(detail, permission)) {
    item.append(
      button(
        {
          class: "icon-button",
          "aria-label": `Remove: ${grantWords(grant)}`,
          title: "As the role says",
          "data-testid": "grant-take-back",
        },
        () => void takeBack(),
        icon("close"),
      ),
    );
  }
  return item;
}

function grantAttributes({ permission, allowed }: GrantRow): Record<string, string> {
  return {
    class: allowed ? "grant" : "grant denied",
    "data-testid": "grant",
    "data-permission": permission,
    "data-allowed": String(allowed),
  };
}

function grantWords({ permission, allowed, until }: GrantRow): string {
  const end = until === undefined ? "" : ` ${untilWords(until)}`;
  if (permission === "message:send" && !allowed) {
    return `Muted${end}`;
  }
  return `${allowed ? "" : "Not: "}${permissionName(permission)}${end}`;
}

function choice(value: string, words: string): { readonly label: HTMLElement; readonly input: HTMLInputElement } {
  const input = element("input", { type: "radio", name: "allowed", value, "data-testid": `grant-${value}` });
  return { input, label: element("label", { class: "choice" }, input, words) };
}
