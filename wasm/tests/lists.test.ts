/** Lists as a device alone answers them. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Client, init, type ActivityKey, type OwnQuery } from "tidings";

import { offline, withClient } from "./offline.js";

before(() => init());

async function titles(client: Client, query: OwnQuery = {}): Promise<(string | undefined)[]> {
  const { rows } = await client.list(query);
  return rows.map((row) => row.title);
}

test("own conversations are listed by newest activity, page by page and by what they are", async () => {
  await withClient(offline(), async (client) => {
    const ids: string[] = [];
    for (const title of ["Walks", "Sailing club", "Ships of old"]) {
      const { conversation = "" } = await client.createGroup({ title });
      ids.push(conversation);
    }
    await client.createChannel({ title: "News of ships" });
    // What happens within one millisecond stands in no order.
    await new Promise((resolve) => setTimeout(resolve, 2));
    await client.sendMessage(ids[0] ?? "", "who comes?");
    await client.setState(ids[1] ?? "", "archived");

    let after: ActivityKey | undefined;
    const pages: number[] = [];
    const seen: string[] = [];
    do {
      const page = await client.list({ limit: 3, ...(after && { after }) });
      pages.push(page.rows.length);
      seen.push(...page.rows.map((row) => row.conversation));
      assert.equal(page.complete, false, "it never caught up with a server");
      after = page.next;
    } while (after !== undefined);
    assert.deepEqual(pages, [3, 1]);
    assert.equal(new Set(seen).size, 4);
    assert.equal(seen[0], ids[0], "what was written in last comes first");
    assert.deepEqual(await titles(client, { kinds: ["channel"] }), ["News of ships"]);
    assert.deepEqual(await titles(client, { states: ["archived"] }), ["Sailing club"]);
    assert.deepEqual((await titles(client, { words: "SHIP" })).sort(), ["News of ships", "Ships of old"]);
    assert.deepEqual(await titles(client, { statuses: ["left", "invited"] }), []);
  });
});

test("the direct with somebody is found by who they are", async () => {
  await withClient(offline(), async (client) => {
    assert.equal(client.directWith("bob"), undefined);
    const { conversation } = await client.createDirect("bob");
    assert.equal(client.directWith("bob")?.conversation, conversation);
    assert.throws(() => client.directWith("no account"), { code: "id_invalid" });
  });
});

test("the conversation about a resource is begun once, and found by it", async () => {
  await withClient(offline(), async (client) => {
    const { conversation } = await client.createResource("flat 7", { owner: "bob", title: "Seven rooms" });
    const again = await client.createResource("flat 7", { owner: "bob" });
    assert.equal(again.conversation, conversation);
    const { rows } = await client.list({ resource: "flat 7" });
    assert.deepEqual(
      rows.map((row) => [row.conversation, row.kind, row.title, row.resource, row.role]),
      [[conversation, "resource", "Seven rooms", "flat 7", "member"]],
    );
    assert.deepEqual(await titles(client, { resource: "flat 8" }), []);
    await assert.rejects(client.createResource("", { owner: "bob" }), { code: "value_invalid" });
    await assert.rejects(client.createResource("flat 9", { owner: client.account }), { code: "value_invalid" });
    // Who subscribes to it only a server could tell.
    await assert.rejects(client.subscribers(conversation ?? ""), { code: "unreachable", retryable: true });
  });
});

test("what cannot be asked is told, and the directory needs a link", async () => {
  await withClient(offline(), async (client) => {
    await assert.rejects(client.searchPublic("ships"), { code: "unreachable", retryable: true });
    await assert.rejects(client.searchPublic(" - "), { code: "text_empty" });
    await assert.rejects(client.searchPublic("@no/name"), { code: "value_invalid" });
    await assert.rejects(client.searchPublic("x".repeat(201)), { code: "text_too_long" });
    await assert.rejects(client.list({ kinds: ["rumour" as "group"] }), { code: "value_invalid" });
    await assert.rejects(client.list({ after: { at: -1, conversation: "x" } }), { code: "value_invalid" });
    await assert.rejects(client.list({ after: { at: 1, conversation: "no id" } }), { code: "id_invalid" });
  });
});
