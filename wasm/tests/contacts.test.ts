/** What an account keeps for itself: contacts, blocks, settings; all of it offline. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { ENGLISH, MemoryStore, init, type BlockedRow, type Client, type ContactRow, type Reachability } from "tidings";

import { listed, offline, withClient } from "./offline.js";

before(() => init());

function contactsOf(client: Client): ContactRow[] {
  let contacts: ContactRow[] = [];
  client.contacts((rows) => (contacts = rows)).close();
  return contacts;
}

function blockedBy(client: Client): string[] {
  let blocked: BlockedRow[] = [];
  client.blocked((rows) => (blocked = rows)).close();
  return blocked.map((row) => row.account);
}

test("a contact has a number and an address, and what is none is refused with a text for people", async () => {
  await withClient(offline(), async (client) => {
    await client.addContact({ nickname: "Bobby", phone: "+49 (30) 12-34 56", email: "Bob@Example.org", favorite: true });
    const [bobby] = contactsOf(client);
    assert.equal(bobby?.phone, "+4930123456");
    assert.equal(bobby?.email, "bob@example.org");
    assert.equal(bobby?.favorite, true);
    await assert.rejects(client.addContact({ phone: "030 123456" }), { code: "phone_invalid", retryable: false });
    await assert.rejects(client.addContact({ email: "bob" }), { code: "email_invalid" });
    assert.match(ENGLISH.phone_invalid, /country code/);
    assert.equal(contactsOf(client).length, 1);
  });
});

test("a direct is called by the own name for the contact", async () => {
  await withClient(offline(), async (client) => {
    await client.createDirect("bob");
    await client.addContact({ account: "bob", nickname: "Bobby" });
    assert.equal(listed(client)[0]?.name, "Bobby");
    const [bobby] = contactsOf(client);
    await client.removeContact(bobby?.id ?? "");
    assert.equal(listed(client)[0]?.name, "bob");
  });
});

test("who is blocked is listed, on the direct too, and after a restart", async () => {
  const store = new MemoryStore();
  await withClient(offline({ store }), async (client) => {
    await client.createDirect("bob");
    await client.block("bob");
    await client.block("eve");
    await client.block("eve");
    assert.deepEqual(blockedBy(client), ["bob", "eve"]);
    assert.equal(listed(client)[0]?.blocked, true);
    await assert.rejects(client.block("ada"), { code: "value_invalid" });
  });
  await withClient(offline({ store }), async (client) => {
    assert.equal(listed(client)[0]?.blocked, true);
    await client.unblock("bob");
    assert.deepEqual(blockedBy(client), ["eve"]);
    assert.equal(listed(client)[0]?.blocked, false);
  });
});

test("who may reach the account is said, also after a restart", async () => {
  const store = new MemoryStore();
  const heard: Reachability[] = [];
  await withClient(offline({ store }), async (client) => {
    client.reachability((reachability) => heard.push(reachability));
    await client.setReachability("contacts");
    await client.setReachability("contacts");
    await client.setReachability("nobody");
  });
  assert.deepEqual(heard, ["everybody", "contacts", "nobody"]);
  await withClient(offline({ store }), async (client) => {
    await new Promise<void>((resolve) => {
      client.reachability((reachability) => reachability === "nobody" && resolve());
    });
    assert.equal(await client.declineAll(), 0);
  });
});

test("what to be notified of is said for one conversation", async () => {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createDirect("bob");
    assert.equal(listed(client)[0]?.notifications, "all");
    await client.setNotifications(conversation, "mentions");
    assert.equal(listed(client)[0]?.notifications, "mentions");
    await client.setNotifications(conversation, "all");
    assert.equal(listed(client)[0]?.notifications, "all");
  });
});

test("nobody is found while there is no server to ask", async () => {
  await withClient(offline(), async (client) => {
    await assert.rejects(client.matchContacts(["+4930123456"], { region: "DE" }), { code: "unreachable", retryable: true });
  });
});
