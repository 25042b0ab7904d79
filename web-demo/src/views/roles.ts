// Custom roles of a conversation: shown in its panel, and defined, changed and removed in a dialog.

import type { ConversationDetail, Permission, RoleRow } from "tidings";

import { field, openDialog } from "../dialog";
import { button, element } from "../dom";
import { icon } from "../icons";
import { attempt, outcome, type Person } from "../person";
import { may, mayGive, ownRank } from "../rights";
import { createSection, type Section } from "../section";
import { PERMISSION_GROUPS, permissionName, roleName } from "../texts";

const RANK_MAX = 99;
/** Between a member and a moderator. */
const RANK_USUAL = 30;

/** Creates the part with the roles. */
export function createRoles(person: Person, conversation: string): Section {
  const list = createSection(
    element("div", { class: "roles", tabindex: "-1" }),
    (detail) => [detail.roles, mayDefine(detail), detail.role],
    (detail) => [
      element(
        "ul",
        { class: "role-list", role: "list", "aria-label": "Roles" },
        ...detail.roles.map((role) => drawRole(person, detail, role)),
      ),
      mayDefine(detail) &&
        button(
          { class: "button", "data-testid": "new-role", "data-focus": "new-role" },
          () => openRole(person, detail, undefined),
          "New role",
        ),
    ],
  );
  const root = element(
    "details",
    { class: "details-section fold", "data-testid": "roles", "data-conversation": conversation },
    element("summary", {}, "Roles"),
    list.element,
  );
  return {
    element: root,
    show: (detail) => {
      root.hidden = detail.kind === "direct";
      list.show(detail);
    },
  };
}

function drawRole(person: Person, detail: ConversationDetail, role: RoleRow): HTMLElement {
  const { length } = role.permissions;
  const mayChange = role.custom && mayDefine(detail) && role.rank < ownRank(detail);
  return element(
    "li",
    { class: "role", "data-testid": "role", "data-role": role.name },
    element(
      "span",
      { class: "role-text" },
      element("span", { class: "role-title" }, roleName(role.name)),
      element("span", { class: "quiet" }, `Rank ${role.rank}, ${length === 0 ? "reads only" : `${length} permissions`}`),
    ),
    mayChange &&
      button(
        {
          class: "icon-button",
          "aria-label": `Change ${roleName(role.name)}`,
          title: "Change",
          "data-testid": "role-edit",
          "data-focus": `edit ${role.name}`,
        },
        () => openRole(person, detail, role),
        icon("edit"),
      ),
    mayChange &&
      button(
        {
          class: "icon-button",
          "aria-label": `Remove ${roleName(role.name)}`,
          title: "Remove",
          "data-testid": "role-remove",
          "data-focus": `remove ${role.name}`,
        },
        () => void attempt(person, person.client.defineRole(detail.conversation, role.name)),
        icon("trash"),
      ),
  );
}

function openRole(person: Person, detail: ConversationDetail, role: RoleRow | undefined): void {
  const carried = role ?? detail.roles.find((known) => known.name === "member");
  const rankMax = Math.min(RANK_MAX, ownRank(detail) - 1);
  const name = element("input", {
    type: "text",
    required: true,
    maxlength: 64,
    value: role?.name ?? "",
    disabled: role !== undefined,
    autocomplete: "off",
    "data-testid": "role-name",
  });
  const rank = element("input", {
    type: "number",
    required: true,
    min: 1,
    max: rankMax,
    value: role?.rank ?? Math.min(RANK_USUAL, rankMax),
    "data-testid": "role-rank",
  });
  const checks = new Map<Permission, HTMLInputElement>();
  const groups = PERMISSION_GROUPS.map(([title, permissions]) =>
    element(
      "fieldset",
      { class: "permission-group" },
      element("legend", {}, title),
      ...permissions.map((permission) => {
        const check = element("input", {
          type: "checkbox",
          checked: carried?.permissions.includes(permission),
          disabled: !mayGive(detail, permission),
          "data-testid": "role-permission",
          "data-permission": permission,
        });
        checks.set(permission, check);
        return element("label", { class: "choice" }, check, permissionName(permission));
      }),
    ),
  );
  openDialog({
    title: role === undefined ? "New role" : `Change ${roleName(role.name)}`,
    fields: [
      field("Name", name),
      field("Rank", rank, `1 to ${rankMax}. A moderator has 50, a member 25: who is above can act on who is below.`),
      ...groups,
    ],
    agree: "Save",
    act: () => {
      const permissions = [...checks].filter(([, check]) => check.checked).map(([permission]) => permission);
      const definition = { rank: rank.valueAsNumber, permissions };
      return outcome(person.client.defineRole(detail.conversation, name.value.trim(), definition));
    },
  });
}

function mayDefine(detail: ConversationDetail): boolean {
  return may(detail, "role:define");
}
