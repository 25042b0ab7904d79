// One member in the panel: avatar, names, role, grants and denials, and the menu of actions.

import type { ConversationDetail, MemberRow, PresenceKind, RoleRow } from "tidings";

import { avatar } from "../avatar";
import { field, openDialog } from "../dialog";
import { button, element, replaceContent, type Child } from "../dom";
import { icon } from "../icons";
import { attempt, outcome, reasonOf, type Person } from "../person";
import { openMenu, type MenuItem } from "../popover";
import { deniedUntil, givableRoles, may, mayGive } from "../rights";
import { roleName } from "../texts";
import { grantList, openGrants, openMute } from "./grants";

const PRESENCE: Readonly<Record<PresenceKind, string>> = {
  online: "online",
  typing: "typing",
  idle: "online",
  offline: "offline",
  unknown: "online",
};

/** Draws a member into their element, new or known. */
export function drawMember(item: HTMLElement, person: Person, detail: ConversationDetail, member: MemberRow): void {
  const own = member.account === person.client.account;
  const isDirect = detail.kind === "direct";
  const menu = isDirect ? [] : memberMenu(person, detail, member);
  item.className = "member";
  item.dataset["testid"] = "member";
  item.dataset["account"] = member.account;
  item.dataset["role"] = member.role;
  item.tabIndex = -1;
  replaceContent(item, [
    memberFace(member, !own),
    memberText(member, own),
    !isDirect && roleControl(person, detail, member),
    menu.length > 0 && moreButton(member, menu),
    member.grants.length > 0 && grantList(member),
  ]);
}

/** The avatar of a member, with their presence. */
export function memberFace(member: MemberRow, withPresence: boolean): HTMLElement {
  return element(
    "span",
    { class: "member-face" },
    avatar(member.account, member.name, "medium", member.color),
    withPresence &&
      element("span", {
        class: `presence presence-${PRESENCE[member.presence]}`,
        role: "img",
        "aria-label": PRESENCE[member.presence],
      }),
  );
}

/** The names of a member. */
export function memberText(member: MemberRow, own: boolean): HTMLElement {
  return element(
    "span",
    { class: "member-text" },
    element("span", { class: "member-name" }, member.name, own && element("span", { class: "quiet" }, " (you)")),
    element("code", { class: "member-account" }, member.account),
  );
}

function roleControl(person: Person, detail: ConversationDetail, member: MemberRow): HTMLElement {
  if (!member.below || !may(detail, "member:role")) {
    return element("span", { class: "member-role-name" }, roleName(member.role));
  }
  const current: RoleRow = { name: member.role, rank: 0, permissions: [], custom: true };
  const givable = givableRoles(detail);
  const roles = givable.some((role) => role.name === member.role) ? givable : [current, ...givable];
  const select = element(
    "select",
    {
      class: "member-role",
      "aria-label": `Role of ${member.name}`,
      "data-testid": "member-role",
      "data-focus": "role",
    },
    ...roles.map(({ name }) => element("option", { value: name, selected: name === member.role }, roleName(name))),
  );
  const change = async (): Promise<void> => {
    if (!(await attempt(person, person.client.changeRole(detail.conversation, member.account, select.value)))) {
      select.value = member.role;
    }
  };
  select.addEventListener("change", () => void change());
  return select;
}

function moreButton(member: MemberRow, menu: readonly MenuItem[]): HTMLElement {
  const more = button(
    {
      class: "icon-button",
      "aria-label": `More about ${member.name}`,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-testid": "member-menu",
      "data-focus": "more",
    },
    () => openMenu(more, member.name, menu),
    icon("more"),
  );
  return more;
}

function memberMenu(person: Person, detail: ConversationDetail, member: MemberRow): MenuItem[] {
  const { client } = person;
  const { conversation } = detail;
  const { account, below } = member;
  const isMuted = deniedUntil(detail, account, "message:send") !== undefined;
  const mayMute = may(detail, "member:mute") || may(detail, "member:permissions");
  const items: (MenuItem | false)[] = [
    account === client.account &&
      detail.state === "active" && {
        label: "Name and color here",
        icon: "edit",
        testid: "member-text",
        choose: () => askForText(person, detail, member),
      },
    below &&
      may(detail, "member:permissions") && {
        label: "Permissions",
        icon: "key",
        testid: "member-permissions",
        choose: () => openGrants(person, detail, member),
      },
    below && mayMute && !isMuted
      ? { label: "Mute", icon: "bell_off", testid: "member-mute", choose: () => openMute(person, detail, member) }
      : below &&
        mayMute &&
        mayGive(detail, "message:send") && {
          label: "Unmute",
          icon: "bell_off",
          testid: "member-unmute",
          choose: () => void attempt(person, client.setPermission(conversation, account, "message:send", undefined)),
        },
    below &&
      detail.role === "owner" &&
      may(detail, "member:role") && {
        label: "Make owner",
        icon: "owner",
        testid: "member-transfer",
        choose: () => askToTransfer(person, detail, member),
      },
    below &&
      may(detail, "member:remove") && {
        label: "Remove",
        icon: "close",
        testid: "member-remove",
        danger: true,
        choose: () => void attempt(person, client.removeMember(conversation, account)),
      },
    below &&
      may(detail, "member:ban") && {
        label: "Ban",
        icon: "warning",
        testid: "member-ban",
        danger: true,
        choose: () => askToBan(person, detail, member),
      },
  ];
  return items.filter((item) => item !== false);
}

function askForText(person: Person, detail: ConversationDetail, member: MemberRow): void {
  const { client } = person;
  const { conversation } = detail;
  const profileName = person.nameOf(member.account);
  const nameHere = member.name === profileName ? "" : member.name;
  const name = element("input", {
    type: "text",
    maxlength: 120,
    value: nameHere,
    placeholder: profileName,
    "data-testid": "member-text-name",
  });
  const color = element("input", { type: "color", value: member.color ?? "#0f6b62", "data-testid": "member-text-color" });
  openDialog({
    title: "Your name and color here",
    fields: [
      field("Name", name, "Shown to the members of this conversation. Without one, your profile's name is shown."),
      field("Color", color),
    ],
    agree: "Save",
    act: async (): Promise<string | undefined> => {
      try {
        if (name.value.trim() !== nameHere) {
          await client.setMemberText(conversation, "display_name", name.value.trim() || undefined);
        }
        if (color.value !== (member.color ?? "#0f6b62")) {
          await client.setMemberText(conversation, "color", color.value);
        }
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
  });
}

function askToTransfer(person: Person, detail: ConversationDetail, member: MemberRow): void {
  ask(`Make ${member.name} the owner?`, "You become an admin. Only the new owner can give it back.", "Make owner", () =>
    person.client.transferOwnership(detail.conversation, member.account),
  );
}

function askToBan(person: Person, detail: ConversationDetail, member: MemberRow): void {
  ask(`Ban ${member.name}?`, "They are removed and cannot return until the ban is lifted.", "Ban", () =>
    person.client.banMember(detail.conversation, member.account),
  );
}

function ask(title: string, words: Child, agree: string, command: () => Promise<unknown>): void {
  openDialog({ title, fields: [element("p", {}, words)], agree, danger: true, act: () => outcome(command()) });
}
