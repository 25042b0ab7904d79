/** What those who may do more do: channels, rules, grants, roles, locks, bans, and handing over. */
import assert from "node:assert/strict";

import { ENGLISH, type Code } from "tidings";

import type { Person } from "./support/person.js";
import { onEachStore, type Scene } from "./support/scene.js";
import { until, untilEqual } from "./support/until.js";

/** Ann's group with Bob, open for both, with Ann's panel beside it. */
async function group(scene: Scene): Promise<{ ann: Person; bob: Person; conversation: string }> {
  const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
  const conversation = await ann.startGroup("Garden", [bob.account]);
  await bob.open(conversation);
  await ann.openMembers();
  return { ann, bob, conversation };
}

/** Waits until a person is told why they cannot write. */
async function untilSilent(person: Person, words: string): Promise<void> {
  await person.find("composer-reason").filter({ hasText: words }).waitFor();
  assert.equal(await person.find("composer").isVisible(), false);
}

/** Waits until a person is told for a moment what a code means. */
async function untilTold(person: Person, code: Code): Promise<void> {
  await person.find("notice").filter({ hasText: ENGLISH[code] }).waitFor();
}

onEachStore("moderation", ({ test }) => {
  test("in a channel admins write and the others read, until its rules say otherwise", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const channel = await ann.startChannel("News", [bob.account]);
    await ann.say("doors open at nine");
    await bob.open(channel);
    await bob.message("doors open at nine").waitFor();
    await untilSilent(bob, "Only admins can write here");

    await ann.openMembers();
    await ann.unfold("rules");
    await ann.find("rule-send").selectOption({ label: "All members" });
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await bob.say("I shall be there");
    await ann.message("I shall be there").waitFor();

    await ann.find("rule-reactions").selectOption({ label: "Not allowed" });
    await bob.openMembers();
    await bob.unfold("rules");
    await bob.find("rule-reactions").filter({ hasText: "Not allowed" }).waitFor();
    await bob.message("doors open at nine").getByTestId("message-menu").click();
    await bob.find("action-reply").waitFor();
    assert.equal(await bob.find("action-react").count(), 0);
  });

  test("one permission granted for an hour is held, shown with its end, and taken back", async (scene) => {
    const { ann, bob } = await group(scene);
    await ann.say("to be pinned");
    await bob.message("to be pinned").waitFor();
    await bob.message("to be pinned").getByTestId("message-menu").click();
    await bob.find("action-reply").waitFor();
    assert.equal(await bob.find("action-pin").count(), 0);
    await bob.page.keyboard.press("Escape");

    await ann.actOn(bob.account, "member-permissions");
    await ann.find("grant-permission").selectOption("pin:add");
    await ann.find("grant-until").selectOption({ label: "For an hour" });
    await ann.agree();
    await bob.openMembers();
    const grant = bob.member(bob.account).getByTestId("grant");
    await grant.filter({ hasText: /Pin messages until \d/ }).waitFor();
    await bob.act("to be pinned", "action-pin");
    await ann.find("pin").filter({ hasText: "to be pinned" }).waitFor();

    await ann.actOn(bob.account, "member-permissions");
    await ann.find("grant-take-back").click();
    await ann.find("dialog-cancel").click();
    await grant.waitFor({ state: "detached" });
    assert.equal(await ann.member(bob.account).getByTestId("grant").count(), 0);
  });

  test("somebody who is muted reads on, is told until when, and writes again when unmuted", async (scene) => {
    const { ann, bob } = await group(scene);
    await ann.actOn(bob.account, "member-mute");
    await ann.find("mute-until").selectOption({ label: "For an hour" });
    await ann.agree();
    await untilSilent(bob, "You are muted until");
    await ann.say("hush");
    await bob.message("hush").waitFor();
    await ann.actOn(bob.account, "member-unmute");
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await bob.say("thank you");
    await ann.message("thank you").waitFor();
  });

  test("a role of the conversation's own carries what it says, and stays while somebody has it", async (scene) => {
    const { ann, bob } = await group(scene);
    await ann.say("to be taken back by bob");
    await ann.unfold("roles");
    await ann.find("new-role").click();
    await ann.find("role-name").fill("Gardener");
    await ann.find("role-rank").fill("40");
    await ann.page.locator("[data-permission='message:delete_any']").check();
    await ann.agree();
    await ann.member(bob.account).getByTestId("member-role").selectOption("Gardener");

    await bob.openMembers();
    await untilEqual("bob's role as he sees it", () => bob.member(bob.account).getAttribute("data-role"), "Gardener");
    await bob.find("members-close").click();
    await bob.delete("to be taken back by bob");
    await ann.message("to be taken back by bob").waitFor({ state: "detached" });

    const role = ann.page.locator("[data-testid=role][data-role=Gardener]");
    await role.getByTestId("role-remove").click();
    await untilTold(ann, "role_in_use");
    await ann.member(bob.account).getByTestId("member-role").selectOption("member");
    await untilEqual("bob's role as ann sees it", () => ann.member(bob.account).getAttribute("data-role"), "member");
    await role.getByTestId("role-remove").click();
    await role.waitFor({ state: "detached" });
  });

  test("what a member wrote offline before a lock comes back with its words, and goes out when unlocked", async (scene) => {
    const { ann, bob } = await group(scene);
    await bob.goOffline();
    await bob.say("written in the shed");
    await ann.find("lock").click();
    await ann.find("unlock").waitFor();
    await ann.untilSynced();
    await ann.say("moderators only");

    await bob.goOnline();
    await untilEqual("what came back to bob", () => bob.refusals(), [
      { code: "conversation_locked", words: "written in the shed" },
    ]);
    const refused = bob.refusal("written in the shed");
    await refused.getByTestId("refused-reason").filter({ hasText: ENGLISH.conversation_locked }).waitFor();
    await untilSilent(bob, ENGLISH.conversation_locked);
    await bob.find("locked").waitFor();
    assert.deepEqual(await bob.texts(), ["moderators only"]);

    await ann.find("unlock").click();
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await refused.getByTestId("refused-retry").click();
    await ann.untilTexts(["moderators only", "written in the shed"]);
    await untilEqual("what came back to bob", () => bob.refusals(), []);
  });

  test("who is banned is listed, cannot be invited, and comes back after the ban is lifted", async (scene) => {
    const { ann, bob } = await group(scene);
    await ann.actOn(bob.account, "member-ban");
    await ann.agree();
    await untilSilent(bob, "You were banned");
    await untilEqual("the ban", () => ann.candidate(bob.account).getAttribute("data-status"), "banned");
    await ann.find("add-member-input").fill(bob.account);
    await ann.find("invite-member").click();
    await ann.find("add-member-problem").filter({ hasText: "Lift the ban first" }).waitFor();

    await ann.candidate(bob.account).getByTestId("candidate-unban").click();
    await ann.candidate(bob.account).waitFor({ state: "detached" });
    await ann.find("add-member").click();
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await bob.say("back again");
    await ann.message("back again").waitFor();
  });

  test("an invitation waits in its list, and can be taken back", async (scene) => {
    const { ann } = await group(scene);
    const carol = scene.account("carol");
    await ann.find("add-member-input").fill(carol);
    await ann.find("invite-member").click();
    await untilEqual("the invitation", () => ann.candidate(carol).getAttribute("data-status"), "invited");
    assert.equal(await ann.member(carol).count(), 0);
    await ann.untilSynced();
    await ann.candidate(carol).getByTestId("candidate-uninvite").click();
    await ann.candidate(carol).waitFor({ state: "detached" });
    await ann.untilSynced();
    assert.deepEqual(await ann.refusals(), []);
  });

  test("ownership is handed over, and the last owner cannot leave", async (scene) => {
    const { ann, bob } = await group(scene);
    await ann.find("leave").click();
    await ann.find("dialog-agree").click();
    await ann.page.getByRole("alert").filter({ hasText: ENGLISH.last_owner }).waitFor();
    await ann.find("dialog-cancel").click();

    await ann.actOn(bob.account, "member-transfer");
    await ann.agree();
    await untilEqual("the members", () => ann.members(), [`${ann.account} admin`, `${bob.account} owner`].sort());
    await bob.openMembers();
    await bob.member(ann.account).getByTestId("member-role").selectOption("guest");
    await untilSilent(ann, "As a guest you can read here");
    await until(
      "ann is offered nothing that a guest may not do",
      () => Promise.all(["lock", "archive", "delete-conversation"].map((name) => ann.find(name).count())),
      (counts) => counts.every((count) => count === 0),
    );
  });

  test("an archived conversation is read only until it is reopened, and a deleted one is gone", async (scene) => {
    const { ann, bob, conversation } = await group(scene);
    await ann.say("so long");
    await ann.find("archive").click();
    await untilSilent(bob, "This conversation is archived");
    await ann.find("reopen").click();
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await bob.say("and thanks");
    await ann.untilTexts(["so long", "and thanks"]);

    await ann.find("delete-conversation").click();
    await ann.find("dialog-agree").click();
    for (const person of [ann, bob]) {
      await person.row(conversation).waitFor({ state: "detached" });
    }
    await ann.untilSynced();
    assert.deepEqual(await ann.refusals(), []);
  });
});
