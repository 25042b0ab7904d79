/** An open conversation that is told of single members. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { ConversationDetail, MemberRow } from "tidings";

type Roster = "members" | "candidates" | "former";
interface Change {
  readonly account: string;
  readonly row: { roster: Roster; place: number; member: MemberRow } | undefined;
}

/** It is no part of the package's surface. */
interface OpenConversation {
  readonly detail: ConversationDetail | undefined;
  readonly details: { add(listener: () => void): void };
  setDetail(detail: ConversationDetail): void;
  changeMembers(changes: readonly Change[], updatedAt: number): void;
}

const address = new URL("../../dist/view/open_conversation.js", import.meta.url).href;
const { OpenConversation } = (await import(address)) as {
  OpenConversation: new (conversation: string, thread: string | undefined) => OpenConversation;
};

function member(account: string): MemberRow {
  return { account, name: account } as MemberRow;
}

/** The accounts in each list of the detail told last. */
function rosters(open: OpenConversation): string[] {
  const { members = [], candidates = [], former = [] } = open.detail ?? {};
  return [members, candidates, former].map((rows) => rows.map(({ account }) => account).join(" "));
}

test("V82 a member who is told of leaves their row and takes another, and what was told before stays as it is", () => {
  const open = new OpenConversation("conversation", undefined);
  const told: string[][] = [];
  const place = (account: string, roster: Roster, at: number): Change => ({
    account,
    row: { roster, place: at, member: member(account) },
  });
  open.changeMembers([place("ann", "members", 0)], 1);
  assert.deepEqual(rosters(open), ["", "", ""], "nothing is known that could change");
  const first = { title: "Trip", members: ["ann", "bob", "cat"].map(member), candidates: [], former: [member("dan")] };
  open.setDetail(first as unknown as ConversationDetail);
  open.details.add(() => told.push(rosters(open)));
  open.changeMembers([place("dan", "members", 1)], 2);
  open.changeMembers([place("bob", "former", 0), place("cat", "candidates", 0)], 3);
  open.changeMembers([place("dan", "members", 0), { account: "cat", row: undefined }], 4);
  assert.deepEqual(told, [
    ["ann dan bob cat", "", ""],
    ["ann dan", "cat", "bob"],
    ["dan ann", "", "bob"],
  ]);
  assert.deepEqual([open.detail?.title, open.detail?.updatedAt], ["Trip", 4]);
  assert.deepEqual(first.members.map(({ account }) => account), ["ann", "bob", "cat"]);
});
