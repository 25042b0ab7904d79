/** Invite links and the request to join, on a device alone. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { init, type ConversationDetail } from "tidings";

import { offline, withClient } from "./offline.js";

before(() => init());

test("an invite link is made, changed and taken away without a network", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ title: "Walks" });
    let detail: ConversationDetail | undefined;
    const open = client.conversation(conversation, (told) => (detail = told));
    const until = new Date(Date.now() + 60_000);
    const { id, code } = await client.createInvite(conversation, { role: "guest", until, usesMax: 3 });
    assert.match(code, /^[0-9a-v]{26}$/);
    assert.notEqual(id, code);
    const row = detail?.invites[0];
    assert.ok(row !== undefined);
    const { at, ...terms } = row;
    assert.ok(at <= Date.now());
    assert.deepEqual(terms, {
      id,
      role: "guest",
      until: until.getTime(),
      usesMax: 3,
      uses: 0,
      enabled: true,
      by: client.account,
    });
    await client.setInvite(conversation, id, { enabled: false });
    assert.deepEqual(
      detail?.invites.map(({ role, usesMax, enabled }) => [role, usesMax, enabled]),
      [["member", undefined, false]],
    );
    await client.setInvite(conversation, id);
    assert.deepEqual(detail?.invites, []);
    await assert.rejects(client.createInvite(conversation, { role: "admin" }), { code: "rank_too_low" });
    await assert.rejects(client.setInvite(conversation, "no id", {}), { code: "id_invalid" });
    open.close();
  });
});

test("the request to join waits for the server", async () => {
  await withClient(offline(), async (client) => {
    const elsewhere = "0".repeat(26);
    const counts: number[] = [];
    client.onUnsynced((count) => counts.push(count));
    await client.join(elsewhere);
    await client.join(elsewhere, "1".repeat(25) + "0");
    await client.acceptInvitation(elsewhere);
    await client.declineInvitation(elsewhere);
    assert.equal(counts.at(-1), 4);
    await assert.rejects(client.join(elsewhere, "a guess"), { code: "id_invalid" });
    await assert.rejects(client.join("nowhere"), { code: "id_invalid" });
  });
});
