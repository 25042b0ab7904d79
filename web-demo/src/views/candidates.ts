// Invited, requesting and banned accounts, shown to those who may do something about them.

import type { MemberRow, MemberStatus, Permission } from "tidings";

import { button, element } from "../dom";
import { attempt, type Person } from "../person";
import { may } from "../rights";
import { createSection, type Section } from "../section";
import { memberFace, memberText } from "./member";

/** An action on one of them. */
interface Answer {
  readonly words: string;
  readonly testid: string;
  readonly takes: Permission;
  readonly command: (account: string) => Promise<unknown>;
}

/** Creates the part. */
export function createCandidates(person: Person, conversation: string): Section {
  const { client } = person;
  const groups: readonly (readonly [MemberStatus, string, readonly Answer[]])[] = [
    [
      "requested",
      "Asked to join",
      [
        {
          words: "Decline",
          testid: "candidate-decline",
          takes: "member:approve",
          command: (account) => client.answerRequest(conversation, account, false),
        },
        {
          words: "Approve",
          testid: "candidate-approve",
          takes: "member:approve",
          command: (account) => client.answerRequest(conversation, account, true),
        },
      ],
    ],
    [
      "invited",
      "Invited",
      [
        {
          words: "Withdraw",
          testid: "candidate-uninvite",
          takes: "member:add",
          command: (account) => client.removeMember(conversation, account),
        },
      ],
    ],
    [
      "banned",
      "Banned",
      [
        {
          words: "Unban",
          testid: "candidate-unban",
          takes: "member:ban",
          command: (account) => client.unbanMember(conversation, account),
        },
      ],
    ],
  ];

  function drawCandidate(row: MemberRow, answers: readonly Answer[]): HTMLElement {
    return element(
      "li",
      { class: "member", "data-testid": "candidate", "data-account": row.account, "data-status": row.status },
      memberFace(row, false),
      memberText(row, false),
      ...answers.map((answer) =>
        button(
          {
            class: "button small",
            "aria-label": `${answer.words}: ${row.name}`,
            "data-testid": answer.testid,
            "data-focus": `${answer.testid} ${row.account}`,
          },
          () => void attempt(person, answer.command(row.account)),
          answer.words,
        ),
      ),
    );
  }

  return createSection(
    element("section", { class: "details-section", hidden: true, tabindex: "-1" }),
    (detail) => [detail.candidates, detail.permissions, detail.state, detail.locked, detail.role],
    (detail) =>
      groups.flatMap(([status, title, answers]) => {
        const rows = detail.candidates.filter((row) => row.status === status);
        return rows.length === 0 || !answers.every((answer) => may(detail, answer.takes))
          ? []
          : [
              element("h3", {}, title),
              element(
                "ul",
                { class: "members-list", role: "list", "aria-label": title },
                ...rows.map((row) => drawCandidate(row, answers)),
              ),
            ];
      }),
  );
}
