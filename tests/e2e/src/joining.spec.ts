/** The ways in: links, requests, invitations, channels; and what there is inside: slow mode and threads in threads. */
import assert from "node:assert/strict";

import { ENGLISH } from "tidings";

import { deviceOf } from "./support/device.js";
import type { Person } from "./support/person.js";
import { onEachStore, type Scene } from "./support/scene.js";
import { until, untilEqual } from "./support/until.js";

/** How many messages are written offline in slow mode, and how long all of them may take, a second each. */
const BURST = 20;
const BURST_WAIT_MS = 60_000;

/** A group of Ann's alone, with her panel beside it, into which one comes as `join` says; and Bob, who knows nothing of it. */
async function door(scene: Scene, join: string): Promise<{ ann: Person; bob: Person; conversation: string }> {
  const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
  const conversation = await ann.startGroup("Garden", []);
  await ann.say("before anybody came");
  await ann.openMembers();
  await ann.unfold("rules");
  await ann.find("rule-join").selectOption({ label: join });
  await ann.untilSynced();
  return { ann, bob, conversation };
}

/** Follows a link, or asks to come into a conversation by its id. */
async function join(person: Person, link: string): Promise<void> {
  await person.find("join").click();
  await person.find("join-link").fill(link);
  await person.agree();
}

/** Makes an invite link; answers it. */
async function makeLink(person: Person, uses?: number): Promise<string> {
  await person.find("new-invite").click();
  if (uses !== undefined) {
    await person.find("invite-uses").fill(String(uses));
  }
  await person.find("dialog-agree").click();
  const link = await person.find("invite-link").inputValue();
  await person.find("dialog-cancel").click();
  await person.untilSynced();
  return link;
}

onEachStore("joining", ({ test }) => {
  test("a link lets somebody in who was offline when they got it, and nobody once it is used up", async (scene) => {
    const { ann, bob, conversation } = await door(scene, "Anybody with a link");
    const link = await makeLink(ann, 1);
    await bob.goOffline();
    await join(bob, link);
    assert.equal(await bob.row(conversation).count(), 0);
    await bob.goOnline();
    await bob.open(conversation);
    await bob.untilTexts(["before anybody came"]);
    await bob.say("here I am");
    await ann.message("here I am").waitFor();
    await ann.find("invite").filter({ hasText: "used 1 of 1 times" }).waitFor();

    const carol = await scene.person("carol");
    await join(carol, link);
    await carol.find("refused-reason").filter({ hasText: ENGLISH.invite_used_up }).waitFor();
    assert.equal(await carol.row(conversation).count(), 0);
  });

  test("a link that is turned off lets nobody in, and one that is guessed is none", async (scene) => {
    const { ann, bob, conversation } = await door(scene, "Anybody with a link");
    const link = await makeLink(ann);
    await ann.find("invite-toggle").click();
    await untilEqual("the link is off", () => ann.find("invite").getAttribute("data-enabled"), "false");
    await ann.untilSynced();
    await join(bob, link);
    await bob.find("refused-reason").filter({ hasText: ENGLISH.invite_disabled }).waitFor();
    await join(bob, `${conversation}/${"0".repeat(26)}`);
    await bob.find("refused-reason").filter({ hasText: ENGLISH.invite_unknown }).waitFor();

    await ann.find("invite-toggle").click();
    await untilEqual("the link is on", () => ann.find("invite").getAttribute("data-enabled"), "true");
    await ann.untilSynced();
    const refused = bob.find("refused").filter({ hasText: ENGLISH.invite_disabled });
    await refused.getByTestId("refused-retry").click();
    await bob.open(conversation);
    await bob.untilTexts(["before anybody came"]);
  });

  test("an invite link is an address, which asks whether to come in, and not again", async (scene) => {
    const { ann, bob, conversation } = await door(scene, "Anybody with a link");
    const link = new URL(await makeLink(ann));
    assert.equal(link.origin, ann.network.url);
    await bob.page.goto(`${bob.network.url}/?account=${bob.account}${link.hash}`);
    assert.ok((await bob.find("join-link").inputValue()).endsWith(link.hash));
    await bob.agree();
    await bob.open(conversation);
    await bob.untilTexts(["before anybody came"]);
    assert.equal(new URL(bob.page.url()).hash, `#${conversation}`);
  });

  test("who asks to be let in waits, sees nothing, and is in once somebody agrees", async (scene) => {
    const { ann, bob, conversation } = await door(scene, "Everybody");
    await ann.find("rule-join_approval").selectOption({ label: "Yes" });
    await ann.untilSynced();
    await join(bob, conversation);
    await bob.row(conversation).click();
    await bob.find("gate").filter({ hasText: "You asked to join" }).waitFor();
    assert.deepEqual(await bob.texts(), []);
    assert.equal(await bob.find("composer").isVisible(), false);

    await untilEqual("the request", () => ann.candidate(bob.account).getAttribute("data-status"), "requested");
    await ann.candidate(bob.account).getByTestId("candidate-approve").click();
    await bob.find("gate").waitFor({ state: "hidden" });
    await bob.untilTexts(["before anybody came"]);
    await bob.say("thank you");
    await ann.message("thank you").waitFor();
  });

  test("an invitation is accepted offline, and another declined", async (scene) => {
    const { ann, bob, conversation } = await door(scene, "Invited people");
    const carol = await scene.person("carol");
    for (const { account } of [bob, carol]) {
      await ann.find("add-member-input").fill(account);
      await ann.find("invite-member").click();
      await untilEqual("the invitation", () => ann.candidate(account).getAttribute("data-status"), "invited");
    }
    await bob.row(conversation).click();
    await bob.find("gate").filter({ hasText: "You were invited" }).waitFor();
    await bob.goOffline();
    await bob.find("gate-accept").click();
    await bob.goOnline();
    await bob.find("gate").waitFor({ state: "hidden" });
    await bob.untilTexts(["before anybody came"]);

    await carol.row(conversation).click();
    await carol.find("gate-decline").click();
    await ann.candidate(carol.account).waitFor({ state: "detached" });
    await untilEqual("the members", () => ann.members(), [`${ann.account} owner`, `${bob.account} member`].sort());
  });

  test("an account that is typed while the one before it is still being invited stays", async (scene) => {
    const { ann, bob } = await door(scene, "Invited people");
    const carol = await scene.person("carol");
    const input = ann.find("add-member-input");
    await input.fill(bob.account);
    // In one task of the page: no answer can come between the two.
    await ann.find("invite-member").evaluate((invite: HTMLElement, next) => {
      const typed = invite.closest("form")?.querySelector("input");
      invite.click();
      if (typed) {
        typed.value = next;
      }
    }, carol.account);
    await ann.candidate(bob.account).waitFor();
    await ann.untilSynced();
    assert.equal(await input.inputValue(), carol.account);
    await ann.find("invite-member").click();
    await ann.candidate(carol.account).waitFor();
    await untilEqual("what is typed", () => input.inputValue(), "");
  });

  test("anybody subscribes to an open channel, reads it, and leaves it", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const channel = await ann.startChannel("News", []);
    await ann.say("doors open at nine");
    await ann.openMembers();
    await ann.unfold("rules");
    await ann.find("rule-join").selectOption({ label: "Everybody" });
    await ann.untilSynced();
    await join(bob, channel);
    await bob.open(channel);
    await bob.untilTexts(["doors open at nine"]);
    await bob.find("composer-reason").filter({ hasText: "As a subscriber you can read here" }).waitFor();
    await ann.say("and close at five");
    await bob.message("and close at five").waitFor();
    assert.deepEqual(await ann.members(), [`${ann.account} owner`]);
    const told = async (): Promise<string> => {
      await ann.find("subscribers-ask").click();
      return ann.find("subscribers-told").innerText();
    };
    await untilEqual("what Ann is told of subscribers", told, "1 subscriber. The newest message reached 1, read by 1.");
    await ann.find("subscriber").filter({ hasText: bob.account }).waitFor();

    await bob.openMembers();
    assert.equal(await bob.find("subscribers-ask").count(), 0);
    await bob.find("leave").click();
    await bob.find("dialog-agree").click();
    await bob.find("composer-reason").filter({ hasText: "You left this conversation." }).waitFor();
    await ann.say("nobody listens");
    await ann.untilSynced();
    assert.equal(await bob.message("nobody listens").count(), 0);
  });

  test("what was written before one knew of one's removal is held, read by who decides alone, and let in", async (scene) => {
    const [ann, bob, carol] = await Promise.all([scene.person("ann"), scene.person("bob"), scene.person("carol")]);
    const conversation = await ann.startGroup("Garden", [bob.account, carol.account]);
    await bob.open(conversation);
    await carol.open(conversation);
    await ann.openMembers();
    await ann.unfold("rules");
    await ann.find("rule-late_writes").selectOption({ label: "Held for a decision" });
    await ann.untilSynced();
    await bob.openMembers();
    await bob.unfold("rules");
    await bob.find("rule-late_writes").filter({ hasText: "Held for a decision" }).waitFor();
    await bob.find("members-close").click();
    await bob.goOffline();
    await bob.say("the key is under the mat");
    await bob.say("never mind");
    await ann.actOn(bob.account, "member-remove");
    await ann.untilSynced();

    await bob.goOnline();
    await untilEqual("what waits of bob", () => bob.refusals(), [
      { code: "message_held", words: "the key is under the mat" },
      { code: "message_held", words: "never mind" },
    ]);
    await ann.find("held").filter({ hasText: "the key is under the mat" }).getByTestId("held-admit").click();
    await ann.find("held").filter({ hasText: "never mind" }).getByTestId("held-discard").click();
    await Promise.all([ann, carol].map((person) => person.untilTexts(["the key is under the mat"])));
    await untilEqual("nothing is held any more", () => ann.find("held").count(), 0);
    // On reconnect it is asked at once what became of it.
    await bob.goOffline();
    await bob.goOnline();
    await untilEqual("what bob is told", () => bob.refusals(), [
      { code: "held_admitted", words: "the key is under the mat" },
      { code: "held_discarded", words: "never mind" },
    ]);
  });

  test("who is invited to much declines all of it at once", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    await deviceOf(scene.server, ann.account, async (device) => {
      for (const title of ["Garden", "Kitchen"]) {
        const { conversation } = await device.createGroup({ title });
        assert.ok(conversation);
        await device.inviteMember(conversation, bob.account);
      }
    });
    await bob.find("inbox-filter").selectOption({ label: "Waiting" });
    await untilEqual("what bob was invited to", () => bob.find("inbox-row").count(), 2);
    await bob.find("decline-all").filter({ hasText: "Decline all 2 invitations" }).click();
    await untilEqual("what waits for bob", () => bob.find("inbox-row").count(), 0);
    await bob.find("decline-all").waitFor({ state: "hidden" });
    await bob.untilSynced();
    assert.deepEqual(await bob.refusals(), []);
  });

  test("in slow mode a burst that was written offline goes out one by one, in order", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const conversation = await ann.startGroup("Garden", [bob.account]);
    await ann.untilSynced();
    await deviceOf(scene.server, ann.account, async (device) => {
      await until(
        "ann's other device has caught up",
        () => device.connection.type,
        (connection) => connection === "online",
      );
      await device.setPolicy(conversation, { slow_mode_seconds: 1 });
    });
    await bob.open(conversation);
    await bob.find("composer-slow").filter({ hasText: "one message every 1 s" }).waitFor();
    assert.equal(await ann.find("composer-slow").isVisible(), false);
    await bob.goOffline();
    const texts = Array.from({ length: BURST }, (_, index) => `line ${index}.`);
    for (const text of texts) {
      await bob.say(text);
    }
    await bob.goOnline();
    await until(
      "the burst is through",
      () => ann.texts(),
      (read) => read.length === BURST,
      BURST_WAIT_MS,
    );
    assert.deepEqual(await ann.texts(), texts);
    await bob.untilTexts(texts);
    await bob.untilSynced();
    assert.deepEqual(await bob.refusals(), []);
  });

  test("a thread is opened in a thread, and the message it starts from counts its replies", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const conversation = await ann.startGroup("Garden", [bob.account]);
    await ann.say("what shall we plant?");
    await bob.open(conversation);
    await bob.act("what shall we plant?", "action-thread");
    await bob.sayInThread("beans");
    const replies = ann.message("what shall we plant?").getByTestId("thread");
    await replies.filter({ hasText: "1 reply" }).waitFor();

    await replies.click();
    await ann.inThread("beans").waitFor();
    await ann.inThread("beans").hover();
    await ann.inThread("beans").getByTestId("message-menu").click();
    await ann.find("action-thread").click();
    await ann.find("thread-parent").filter({ hasText: "beans" }).waitFor();
    await ann.sayInThread("runner or broad?");
    await bob.inThread("beans").getByTestId("thread").filter({ hasText: "1 reply" }).click();
    await bob.inThread("runner or broad?").waitFor();
    await bob.sayInThread("runner");
    await ann.inThread("runner").waitFor();
    assert.deepEqual(await ann.texts(), ["what shall we plant?", "runner or broad?", "runner"]);
  });
});
