// The members of a conversation in its panel, and the way to add or invite one.

import type { ConversationDetail, MemberRow } from "tidings";

import { element, KeyedList } from "../dom";
import { outcome, type Person } from "../person";
import { may } from "../rights";
import type { Section } from "../section";
import { accountInput } from "./creation";
import { drawMember } from "./member";

/** Creates the part with the members. */
export function createMembers(person: Person, conversation: string): Section {
  const { client } = person;
  let detail: ConversationDetail | undefined;

  const count = element("h3", {});
  const list = element("ul", { class: "members-list", role: "list", "aria-label": "Members" });
  const input = accountInput("add-member-input");
  input.setAttribute("placeholder", "Account id");
  input.setAttribute("aria-label", "Account id to add or invite");
  const problem = element("p", { class: "field-problem", role: "alert", "data-testid": "add-member-problem" });
  const form = element(
    "form",
    { class: "add-member" },
    input,
    element(
      "button",
      { type: "submit", class: "button", name: "way", value: "invite", "data-testid": "invite-member" },
      "Invite",
    ),
    element(
      "button",
      { type: "submit", class: "button primary", name: "way", value: "add", "data-testid": "add-member" },
      "Add",
    ),
  );

  const shown = new KeyedList<MemberRow>(list, {
    key: (member) => member.account,
    create: (member) => {
      const item = element("li", {});
      draw(item, member);
      return item;
    },
    update: draw,
  });

  function draw(item: HTMLElement, member: MemberRow): void {
    if (detail !== undefined) {
      drawMember(item, person, detail, member);
    }
  }

  async function bring(way: "add" | "invite"): Promise<void> {
    const account = input.value.trim();
    problem.textContent = "";
    if (account === "") {
      return;
    }
    const isBanned = detail?.candidates.some((row) => row.account === account && row.status === "banned") === true;
    if (way === "invite" && isBanned) {
      problem.textContent = "That person is banned. Lift the ban first.";
      return;
    }
    const command =
      way === "add" ? client.addMember(conversation, account) : client.inviteMember(conversation, account);
    const reason = await outcome(command);
    if (reason !== undefined) {
      problem.textContent = reason;
    } else if (input.value.trim() === account) {
      // The next account may already be typed there.
      input.value = "";
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { submitter } = event;
    void bring(submitter instanceof HTMLButtonElement && submitter.value === "invite" ? "invite" : "add");
  });

  return {
    element: element("section", { class: "details-section" }, count, list, form, problem),
    show: (next) => {
      const before = detail;
      detail = next;
      count.textContent = next.members.length === 1 ? "1 member" : `${next.members.length} members`;
      const mayHaveChanged = before === undefined || rightsOf(before) !== rightsOf(next);
      const known = new Map(before?.members.map((member) => [member.account, JSON.stringify(member)]));
      shown.show(next.members, (member) => mayHaveChanged || known.get(member.account) !== JSON.stringify(member));
      form.hidden = next.kind === "direct" || !may(next, "member:add");
    },
  };
}

/** The input of the controls beside every member. */
function rightsOf(detail: ConversationDetail): string {
  const { role, roles, permissions, state, locked } = detail;
  return JSON.stringify([role, roles, permissions, state, locked]);
}
