/** Conversations, roles, policies and members as an app commands them, on a device alone. */
import assert from "node:assert/strict";
import { before, test } from "node:test";

import {
  Client,
  ENGLISH,
  init,
  type Code,
  type ConversationDetail,
  type MemberRow,
  type Policies,
  type Policy,
} from "tidings";

import { listed, offline, withClient } from "./offline.js";

before(() => init());

/** The detail of a conversation as it is now. */
function detailOf(client: Client, conversation: string): ConversationDetail {
  let shown: ConversationDetail | undefined;
  const subscription = client.conversation(conversation, (detail) => {
    shown = detail;
  });
  subscription.close();
  assert.ok(shown !== undefined, "a conversation that is loaded is told at once");
  return shown;
}

/** A group of Ada's with Bob, that stays open, and how it and Bob look. */
async function withGroup(
  play: (client: Client, conversation: string, now: () => ConversationDetail, bob: () => MemberRow) => Promise<void>,
): Promise<void> {
  await withClient(offline(), async (client) => {
    const { conversation = "" } = await client.createGroup({ title: "Walks", members: ["bob"] });
    const open = client.conversation(conversation, () => undefined);
    const now = (): ConversationDetail => detailOf(client, conversation);
    const bob = (): MemberRow => {
      const row = [...now().members, ...now().candidates].find((row) => row.account === "bob");
      assert.ok(row !== undefined, "bob is on the roster");
      return row;
    };
    await play(client, conversation, now, bob);
    open.close();
  });
}

test("a channel and a support conversation start with what they are given", async () => {
  await withClient(offline(), async (client) => {
    const channel = await client.createChannel({
      title: "News",
      name: "news",
      scope: "public",
      policies: [{ slow_mode_seconds: 30 }, { reactions: false }],
      members: ["bob"],
    });
    const open = client.conversation(channel.conversation ?? "", () => undefined);
    const detail = detailOf(client, channel.conversation ?? "");
    assert.equal(detail.kind, "channel");
    assert.equal(detail.name, "news");
    assert.equal(detail.scope, "public");
    assert.equal(detail.role, "owner");
    assert.equal(detail.policies.send, "admins_only");
    assert.equal(detail.policies.slow_mode_seconds, 30);
    assert.equal(detail.policies.reactions, false);
    assert.deepEqual(detail.members.map((row) => [row.account, row.role, row.below]), [
      ["ada", "owner", false],
      ["bob", "member", true],
    ]);
    open.close();

    await client.createConversation("support", { title: "Help" });
    assert.deepEqual(listed(client).map((row) => row.kind).sort(), ["channel", "support"]);
    await assert.rejects(client.createConversation("system", {}), { code: "permission_denied" });
  });
});

test("what describes a conversation is set and removed", async () => {
  await withGroup(async (client, conversation, now) => {
    await client.setDescription(conversation, "Every Sunday");
    await client.setInfo(conversation, "avatar_url", "https://example.org/walks.png");
    await client.setTheme(conversation, { color: "#0f6b62" });
    await client.setScope(conversation, "organization");
    const { title, description, avatarUrl, theme, scope } = now();
    assert.deepEqual([title, description], ["Walks", "Every Sunday"]);
    assert.deepEqual([avatarUrl, theme, scope], ["https://example.org/walks.png", { color: "#0f6b62" }, "organization"]);
    await client.setTitle(conversation);
    await client.setTheme(conversation);
    assert.deepEqual([now().title, now().theme], [undefined, undefined]);
    await assert.rejects(client.setInfo(conversation, "name", "No Spaces"), { code: "value_invalid" });
  });
});

test("every policy takes each of its values", async () => {
  const values: { readonly [Name in keyof Policies]: readonly Policies[Name][] } = {
    send: ["moderators", "admins_only", "all_members"],
    join: ["link_join", "open", "invite_only"],
    join_approval: [true, false],
    add_members: ["all_members", "admins_only"],
    info_edit: ["all_members", "admins_only"],
    subrooms: ["admins_only", "nobody", "all_members"],
    subroom_depth_max: [0, 32],
    retention_days: [1, 36_500, 0],
    slow_mode_seconds: [30, 86_400, 0],
    reactions: [false, true],
    stickers: [false, true],
    attachments: [false, true],
    late_writes: ["hold", "refuse"],
  };
  await withGroup(async (client, conversation, now) => {
    for (const [name, all] of Object.entries(values)) {
      for (const value of all) {
        await client.setPolicy(conversation, { [name]: value } as unknown as Policy);
        assert.deepEqual(Object.entries(now().policies).find(([key]) => key === name), [name, value]);
      }
    }
    assert.deepEqual(Object.keys(now().policies), Object.keys(values));
  });
});

test("a policy that is none has a code", async () => {
  await withGroup(async (client, conversation) => {
    const wrong: [object, Code][] = [
      [{ moods: "good" }, "policy_unknown"],
      [{ send: "nobody" }, "policy_unknown"],
      [{ reactions: 1 }, "policy_unknown"],
      [{ slow_mode_seconds: 86_401 }, "value_invalid"],
      [{ slow_mode_seconds: -1 }, "value_invalid"],
      [{ slow_mode_seconds: 0.5 }, "value_invalid"],
      [{ send: "moderators", join: "open" }, "value_invalid"],
      [{}, "value_invalid"],
    ];
    for (const [policy, code] of wrong) {
      await assert.rejects(client.setPolicy(conversation, policy as Policy), { code }, JSON.stringify(policy));
    }
  });
});

test("a role of the conversation's own is defined, given, and removed when nobody has it", async () => {
  await withGroup(async (client, conversation, now, bob) => {
    await client.defineRole(conversation, "Guide", { rank: 40, permissions: ["message:send", "pin:add"] });
    const roles = (): unknown => now().roles.map((role) => [role.name, role.rank, role.custom]);
    assert.deepEqual(roles(), [
      ["owner", 100, false],
      ["admin", 75, false],
      ["moderator", 50, false],
      ["Guide", 40, true],
      ["member", 25, false],
      ["guest", 10, false],
    ]);
    assert.deepEqual(now().roles.find((role) => role.custom)?.permissions, ["message:send", "pin:add"]);
    await client.changeRole(conversation, "bob", "Guide");
    assert.equal(bob().role, "Guide");
    await assert.rejects(client.defineRole(conversation, "Guide"), { code: "role_in_use" });
    await client.changeRole(conversation, "bob", "guest");
    await client.defineRole(conversation, "Guide");
    assert.equal(now().roles.some((role) => role.custom), false);

    await assert.rejects(client.changeRole(conversation, "bob", "king"), { code: "role_unknown" });
    await assert.rejects(client.changeRole(conversation, "bob", "a/b"), { code: "role_unknown" });
    await assert.rejects(client.defineRole(conversation, "owner", { rank: 1, permissions: [] }), { code: "role_unknown" });
    await assert.rejects(client.defineRole(conversation, "x", { rank: 0, permissions: [] }), { code: "value_invalid" });
    await assert.rejects(client.defineRole(conversation, "x", { rank: 100, permissions: [] }), { code: "role_outranks" });
    await assert.rejects(client.defineRole(conversation, "x", { rank: 300, permissions: [] }), { code: "value_invalid" });
  });
});

test("a permission is granted until a date, denied for good, and taken back", async () => {
  await withGroup(async (client, conversation, _now, bob) => {
    const until = new Date(Date.now() + 3_600_000);
    await client.setPermission(conversation, "bob", "pin:add", true, { until });
    await client.setPermission(conversation, "bob", "message:send", false);
    assert.deepEqual(bob().grants.map(({ permission, allowed, by, until }) => ({ permission, allowed, by, until })), [
      { permission: "message:send", allowed: false, by: "ada", until: undefined },
      { permission: "pin:add", allowed: true, by: "ada", until: until.getTime() },
    ]);
    await client.setPermission(conversation, "bob", "message:send", undefined);
    assert.deepEqual(bob().grants.map((grant) => grant.permission), ["pin:add"]);
    const past = { until: new Date(1000) };
    await assert.rejects(client.setPermission(conversation, "bob", "pin:add", true, past), { code: "value_invalid" });
    const nonsense = { until: new Date(Number.NaN) };
    await assert.rejects(client.setPermission(conversation, "bob", "pin:add", true, nonsense), { code: "value_invalid" });
    await assert.rejects(client.setPermission(conversation, "ada", "pin:add", false), { code: "rank_too_low" });
  });
});

test("members are invited, banned, unbanned and added again", async () => {
  await withGroup(async (client, conversation, now, bob) => {
    await client.inviteMember(conversation, "carol", "moderator");
    const [carol] = now().candidates;
    assert.deepEqual([carol?.account, carol?.status, carol?.role, carol?.invitedBy], ["carol", "invited", "moderator", "ada"]);
    await client.removeMember(conversation, "carol");
    assert.deepEqual(now().candidates, []);
    await client.banMember(conversation, "bob");
    assert.equal(bob().status, "banned");
    await assert.rejects(client.inviteMember(conversation, "bob"), { code: "member_banned" });
    await client.unbanMember(conversation, "bob");
    assert.deepEqual(now().candidates, []);
    await client.addMember(conversation, "bob", "guest");
    assert.deepEqual([bob().status, bob().role], ["active", "guest"]);
    await assert.rejects(client.answerRequest(conversation, "dora", false), { code: "member_unknown" });
  });
});

test("a conversation is locked, archived, reopened, closed and deleted", async () => {
  await withGroup(async (client, conversation, now) => {
    await client.setLocked(conversation, true);
    assert.equal(now().locked, true);
    await client.setLocked(conversation, false);
    for (const state of ["archived", "active", "closed"] as const) {
      await client.setState(conversation, state);
      assert.equal(now().state, state);
    }
    await assert.rejects(client.sendMessage(conversation, "late"), { code: "conversation_closed" });
    await client.setState(conversation, "deleted");
    assert.equal(listed(client)[0]?.state, "deleted");
    await assert.rejects(client.setState(conversation, "active"), { code: "conversation_deleted" });
  });
});

test("the owner hands over, and is an admin then", async () => {
  await withGroup(async (client, conversation, now, bob) => {
    await assert.rejects(client.leave(conversation), { code: "last_owner" });
    await client.transferOwnership(conversation, "bob");
    assert.deepEqual([now().role, bob().role, bob().below], ["admin", "owner", false]);
    await assert.rejects(client.transferOwnership(conversation, "ada"), { code: "rank_too_low" });
  });
});

test("the own name and color in a conversation are shown on the roster", async () => {
  await withGroup(async (client, conversation, now) => {
    await client.setMemberText(conversation, "display_name", "Captain");
    await client.setMemberText(conversation, "color", "#E0B040");
    const own = now().members.find((row) => row.account === "ada");
    assert.deepEqual([own?.name, own?.color], ["Captain", "#E0B040"]);
    await assert.rejects(client.setMemberText(conversation, "color", "red"), { code: "value_invalid" });
    await client.setMemberText(conversation, "display_name");
    assert.equal(now().members.find((row) => row.account === "ada")?.name, "ada");
  });
});

test("every code has a text of one or two sentences", () => {
  for (const [code, text] of Object.entries(ENGLISH)) {
    assert.match(text, /^[A-Z][^\n]{8,120}\.$/, code);
  }
});

test("what is of another account, or backs an object of another service, is an administrator's to begin", async () => {
  await withClient(offline(), async (client) => {
    const link = { kind: "community", id: "c-1" } as const;
    for (const given of [{ link }, { account: "acme" }]) {
      await assert.rejects(client.createGroup({ title: "Board", ...given }), { code: "permission_denied" });
    }
    assert.equal(listed(client).length, 0);
  });
});
