/** An administrator of the tenant against a real server: what it looks at without a part in it, and whose profile it changes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { init, textOf, type Client, type ConversationDetail, type Profile } from "tidings";

import { listed, timelineUntil } from "./offline.js";
import { online, untilAdmitted } from "./online.js";
import { startServer, type Running } from "./packaging/src/server.js";

let server: Running;

before(async () => {
  await init();
  server = await startServer();
});

after(() => server.end());

function open(account: string, labels: readonly string[] = []): Promise<Client> {
  return online(server, account, labels);
}

/** Waits for a conversation to look as a test wants it. */
async function detailUntil(
  client: Client,
  conversation: string,
  isSo: (detail: ConversationDetail) => boolean,
): Promise<ConversationDetail> {
  return new Promise((resolve) => {
    const subscription = client.conversation(conversation, (detail) => {
      if (detail !== undefined && isSo(detail)) {
        resolve(detail);
        queueMicrotask(() => {
          subscription.close();
        });
      }
    });
  });
}

/** Waits for an account to be called so. */
async function calledUntil(client: Client, account: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const isSo = (profile: Profile | undefined): boolean => profile?.displayName === name;
    if (isSo(client.profile(account))) {
      resolve();
      return;
    }
    const end = client.onProfile((change) => {
      if (change.account === account && isSo(change.profile)) {
        end();
        resolve();
      }
    });
  });
}

test("V65 an administrator is shown a conversation that the account is no member of, live, and writes there", async () => {
  const [ada, bob, root] = await Promise.all([open("ada"), open("bob"), open("root", ["admin"])]);
  const { conversation = "" } = await ada.createGroup({ title: "Walks", members: ["bob"] });
  await ada.sendMessage(conversation, "before");
  await timelineUntil(bob, conversation, (rows) => rows.length === 1);
  const watch = root.conversation(conversation, () => undefined);
  const rows = await timelineUntil(root, conversation, (rows) => rows.length === 1);
  assert.deepEqual(rows.map((row) => textOf(row.content)), ["before"]);
  // What happens while it is looked at is told.
  await ada.sendMessage(conversation, "and now");
  await timelineUntil(root, conversation, (rows) => rows.some((row) => textOf(row.content) === "and now"));
  const detail = await detailUntil(root, conversation, (detail) => detail.members.length === 2);
  assert.deepEqual(
    [detail.title, detail.role, detail.status, detail.members.map((row) => row.account)],
    ["Walks", undefined, undefined, ["ada", "bob"]],
  );
  await root.setLocked(conversation, true);
  await detailUntil(bob, conversation, (detail) => detail.locked);
  assert.deepEqual(listed(root), [], "it is on no list");
  watch.close();
  // Anybody else is told nothing.
  const eve = await open("eve");
  await assert.rejects(eve.sendMessage(conversation, "let me in"), { code: "conversation_unknown" });
  await Promise.all([ada, bob, root, eve].map((client) => client.close()));
});

test("A87 an administrator changes the profile of another account, and nobody else does", async () => {
  const [ada, root] = await Promise.all([open("ada"), open("root", ["admin"])]);
  await ada.setProfile({ displayName: "Ada" });
  await assert.rejects(ada.setProfile({ displayName: "Fool" }, { account: "root" }), { code: "not_the_owner" });
  await calledUntil(ada, "ada", "Ada");
  await untilAdmitted(ada);
  await root.setProfile({ displayName: "Ada of Cove" }, { account: "ada" });
  await Promise.all([ada, root].map((client) => calledUntil(client, "ada", "Ada of Cove")));
  assert.equal(root.profile("root"), undefined, "the own one is another");
  await Promise.all([ada, root].map((client) => client.close()));
});
