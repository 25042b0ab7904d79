// The panel beside a timeline: what the conversation is called, who is in it
// as what, and what the own role may change about that.

import type { ConversationDetail, MemberRow, Permission, PresenceKind, Role } from "tidings";

import { avatar } from "../avatar";
import { field, openDialog } from "../dialog";
import { button, element, KeyedList, replaceContent } from "../dom";
import { icon } from "../icons";
import { attempt, outcome, reasonOf, type Person } from "../person";
import { openMenu, type MenuItem } from "../popover";
import { roleName, ROLES_ASCENDING } from "../texts";
import { accountInput } from "./creation";

const PRESENCE: Readonly<Record<PresenceKind, string>> = {
  online: "online",
  typing: "typing",
  idle: "online",
  offline: "offline",
};

/** The panel of one conversation. */
export interface MembersView {
  readonly element: HTMLElement;
  show(detail: ConversationDetail): void;
  focus(): void;
}

/** Makes the panel. */
export function createMembers(person: Person, conversation: string, close: () => void): MembersView {
  const { client } = person;
  let detail: ConversationDetail | undefined;

  const heading = element("div", { class: "members-heading" });
  const about = element("div", { class: "members-about" });
  const count = element("h3", {});
  const list = element("ul", { class: "members-list", role: "list", "aria-label": "Members" });
  const input = accountInput("add-member-input");
  input.setAttribute("placeholder", "Account id");
  input.setAttribute("aria-label", "Account id to add");
  const problem = element("p", { class: "field-problem", role: "alert" });
  const add = element(
    "form",
    { class: "add-member" },
    input,
    element("button", { type: "submit", class: "button primary", "data-testid": "add-member" }, "Add"),
  );
  const leave = button({ class: "button danger", "data-testid": "leave" }, askToLeave, "Leave conversation");
  const closer = button(
    { class: "icon-button", "aria-label": "Close details", "data-testid": "members-close" },
    close,
    icon("close"),
  );
  const root = element(
    "aside",
    { class: "members", "aria-label": "Details", "data-testid": "members-panel" },
    element("div", { class: "members-head" }, element("h2", {}, "Details"), closer),
    element(
      "div",
      { class: "members-scroll" },
      heading,
      about,
      element("section", { class: "members-section" }, count, list, add, problem),
      leave,
    ),
  );

  const shown = new KeyedList<MemberRow>(list, {
    key: (member) => member.account,
    create: (member) => {
      const item = element("li", {});
      drawMember(item, member);
      return item;
    },
    update: drawMember,
  });

  function drawMember(item: HTMLElement, member: MemberRow): void {
    const own = member.account === client.account;
    item.className = "member";
    item.dataset["testid"] = "member";
    item.dataset["account"] = member.account;
    item.dataset["role"] = member.role;
    item.tabIndex = -1;
    replaceContent(item, [
      element(
        "span",
        { class: "member-face" },
        avatar(member.account, member.name),
        !own &&
          element("span", {
            class: `presence presence-${PRESENCE[member.presence]}`,
            role: "img",
            "aria-label": PRESENCE[member.presence],
          }),
      ),
      element(
        "span",
        { class: "member-text" },
        element("span", { class: "member-name" }, member.name, own && element("span", { class: "quiet" }, " (you)")),
        element("code", { class: "member-account" }, member.account),
      ),
      ...roleControls(member),
    ]);
  }

  function roleControls(member: MemberRow): (HTMLElement | false)[] {
    const may = (permission: Permission): boolean => detail?.permissions.includes(permission) === true;
    if (detail?.kind === "direct") {
      return [];
    }
    const changeable = member.manageable && may("member:role");
    const menu = memberMenu(member, may);
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
    return [
      changeable ? roleSelect(member) : element("span", { class: "member-role-name" }, roleName(member.role)),
      member.manageable &&
        may("member:remove") &&
        button(
          {
            class: "icon-button",
            "aria-label": `Remove ${member.name}`,
            title: "Remove",
            "data-testid": "member-remove",
            "data-focus": "remove",
          },
          () => void attempt(person, client.removeMember(conversation, member.account)),
          icon("close"),
        ),
      menu.length > 0 && more,
    ];
  }

  function memberMenu(member: MemberRow, may: (permission: Permission) => boolean): MenuItem[] {
    return member.manageable && may("member:ban")
      ? [{ label: "Ban", icon: "warning", danger: true, testid: "member-ban", choose: () => askToBan(member) }]
      : [];
  }

  function roleSelect(member: MemberRow): HTMLSelectElement {
    const own = detail?.role ?? "member";
    const roles = ROLES_ASCENDING.slice(0, ROLES_ASCENDING.indexOf(own) + 1);
    const select = element(
      "select",
      {
        class: "member-role",
        "aria-label": `Role of ${member.name}`,
        "data-testid": "member-role",
        "data-focus": "role",
      },
      ...roles.map((role) => element("option", { value: role, selected: role === member.role }, roleName(role))),
    );
    select.addEventListener("change", () => void changeRole(select, member));
    return select;
  }

  async function changeRole(select: HTMLSelectElement, member: MemberRow): Promise<void> {
    const role: Role | undefined = ROLES_ASCENDING.find((known) => known === select.value);
    if (role !== undefined && !(await attempt(person, client.changeRole(conversation, member.account, role)))) {
      select.value = member.role;
    }
  }

  function drawHeading(next: ConversationDetail): void {
    const peer = next.members.find((member) => member.account !== client.account);
    const name = titleOf(next, client.account);
    const editable = next.kind !== "direct" && next.permissions.includes("conversation:info");
    replaceContent(heading, [
      avatar(next.kind === "direct" ? (peer?.account ?? conversation) : conversation, name, "large"),
      element("p", { class: "members-title", "data-testid": "detail-title" }, name),
      next.kind === "direct" && peer !== undefined && element("code", {}, peer.account),
    ]);
    const description = next.description ?? "";
    replaceContent(about, [
      description !== "" &&
        element("p", { class: "members-description", "data-testid": "detail-description" }, description),
      editable &&
        button(
          { class: "link", "data-testid": "edit-info", "data-focus": "edit" },
          () => askForInfo(next),
          description === "" ? "Edit title, add a description" : "Edit title and description",
        ),
    ]);
  }

  function askForInfo(now: ConversationDetail): void {
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
            await client.setTitle(conversation, words.title || undefined);
          }
          if (words.description !== (now.description ?? "")) {
            await client.setDescription(conversation, words.description || undefined);
          }
          return undefined;
        } catch (error) {
          return reasonOf(error);
        }
      },
    });
  }

  function askToBan(member: MemberRow): void {
    openDialog({
      title: `Ban ${member.name}?`,
      fields: [element("p", {}, "They are removed and cannot be added again before the ban is lifted.")],
      agree: "Ban",
      danger: true,
      act: () => outcome(client.banMember(conversation, member.account)),
    });
  }

  function askToLeave(): void {
    openDialog({
      title: "Leave this conversation?",
      fields: [element("p", {}, "You keep what you have read so far. Somebody who stays can add you again.")],
      agree: "Leave",
      danger: true,
      act: () => outcome(client.leave(conversation)),
    });
  }

  async function addMember(): Promise<void> {
    const account = input.value.trim();
    problem.textContent = "";
    if (account === "") {
      return;
    }
    try {
      await client.addMember(conversation, account);
      input.value = "";
    } catch (error) {
      problem.textContent = reasonOf(error);
    }
  }

  add.addEventListener("submit", (event) => {
    event.preventDefault();
    void addMember();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  });

  return {
    element: root,
    focus: () => closer.focus(),
    show: (next) => {
      const before = detail;
      detail = next;
      drawHeading(next);
      count.textContent = next.members.length === 1 ? "1 member" : `${next.members.length} members`;
      const mayHaveChanged = before?.role !== next.role || before.permissions.join() !== next.permissions.join();
      const known = new Map(before?.members.map((member) => [member.account, JSON.stringify(member)]));
      shown.show(next.members, (member) => mayHaveChanged || known.get(member.account) !== JSON.stringify(member));
      add.hidden = next.kind === "direct" || !next.permissions.includes("member:add");
      leave.hidden = next.kind === "direct" || next.status !== "active";
    },
  };
}

/** What to call a conversation: its title, or the names of the others. */
export function titleOf(detail: ConversationDetail, account: string): string {
  const title = detail.title ?? "";
  if (title !== "") {
    return title;
  }
  const others = detail.members.filter((member) => member.account !== account);
  return others.length === 0 ? "Just you" : others.map((member) => member.name).join(", ");
}
