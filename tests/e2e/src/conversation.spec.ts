/** Two people and what they write: online, offline, and what both see in the end. */
import assert from "node:assert/strict";

import type { Person } from "./support/person.js";
import { onEachStore, PHONE, type Scene } from "./support/scene.js";
import { loadAll, untilEqualScreens } from "./support/screens.js";
import { until, untilEqual } from "./support/until.js";

/** Two people with a chat that both have open. */
async function chat(scene: Scene): Promise<{ ann: Person; bob: Person; conversation: string }> {
  const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
  const conversation = await ann.startDirect(bob.account);
  await bob.open(conversation);
  return { ann, bob, conversation };
}

onEachStore("conversations", ({ test }) => {
  test("a message goes from pending over sent and delivered to read", async (scene) => {
    const ann = await scene.person("ann");
    const peer = scene.account("bob");
    const conversation = await ann.startDirect(peer);
    await ann.untilSynced();
    await ann.goOffline();
    await ann.say("Are you there?");
    assert.equal(await ann.stateOf("Are you there?"), "pending");
    await ann.goOnline();
    await ann.untilState("Are you there?", "sent");

    // On a phone the list comes first, so that the message arrives without being seen.
    const bob = await scene.person("bob", { account: peer, size: PHONE });
    await bob.row(conversation).waitFor();
    await untilEqual("bob's unread messages", () => bob.row(conversation).getAttribute("data-unread"), "1");
    await ann.untilState("Are you there?", "delivered");

    await bob.open(conversation);
    await bob.untilTexts(["Are you there?"]);
    await ann.untilState("Are you there?", "read");
  });

  test("a place and a roll of a die are drawn for both, and told in a line elsewhere", async (scene) => {
    const { ann, bob, conversation } = await chat(scene);
    const context = ann.page.context();
    await context.grantPermissions(["geolocation"]);
    await context.setGeolocation({ latitude: 52.12345, longitude: -4.32109 });
    await ann.find("attach").click();
    await ann.find("attach-location").click();
    const place = bob.screen.getByTestId("place");
    assert.match((await place.textContent()) ?? "", /52\.12345, -4\.32109/);
    assert.match((await place.getAttribute("href")) ?? "", /^https:\/\/www\.openstreetmap\.org\/.*mlat=52\.12345&mlon=-4\.32109/);

    await ann.goOffline();
    await ann.find("attach").click();
    await ann.find("attach-die").click();
    const rolled = await ann.screen.getByTestId("die").getAttribute("aria-label");
    assert.match(rolled ?? "", /rolled a [1-6]$/);
    await ann.goOnline();
    await bob.screen.getByTestId("die").waitFor();
    assert.equal(await bob.screen.getByTestId("die").getAttribute("aria-label"), rolled);
    await until("bob's list", () => bob.row(conversation).textContent(), (row) => row?.includes(rolled ?? "") === true);
    // Neither is edited as words are.
    const rows = ann.screen.getByTestId("message");
    await rows.last().hover();
    await rows.last().getByTestId("message-menu").click();
    await ann.find("action-delete").waitFor();
    assert.equal(await ann.find("action-edit").count(), 0);
  });

  test("a browser that says it has no network is believed at once", async (scene) => {
    const { ann, bob } = await chat(scene);
    // The connection itself lives on: a browser cuts none that is open.
    await ann.page.context().setOffline(true);
    await ann.untilConnection("waiting");
    await bob.say("Are you there?");
    await ann.page.context().setOffline(false);
    await ann.untilConnection("online");
    await ann.message("Are you there?").waitFor();
  });

  test("what two people write, edit and react to offline is the same for both afterwards", async (scene) => {
    const { ann, bob } = await chat(scene);
    await ann.say("ann's plan");
    await bob.message("ann's plan").waitFor();
    await bob.say("bob's idea");
    await ann.message("bob's idea").waitFor();

    await ann.goOffline();
    await bob.loseNetwork();
    await ann.edit("ann's plan", "ann's better plan");
    await ann.react("bob's idea", "👍");
    await ann.say("one from ann");
    await ann.say("two from ann");
    await bob.edit("bob's idea", "bob's better idea");
    await bob.react("ann's plan", "🎉");
    await bob.react("bob's better idea", "👍");
    await bob.say("one from bob");
    assert.deepEqual(await ann.texts(), ["ann's better plan", "bob's idea", "one from ann", "two from ann"]);
    assert.deepEqual(await bob.texts(), ["ann's plan", "bob's better idea", "one from bob"]);

    await Promise.all([ann.goOnline(), bob.regainNetwork()]);
    await Promise.all([ann.untilSynced(), bob.untilSynced()]);
    await until(
      "everything has come",
      () => ann.texts(),
      (texts) => texts.length === 5,
    );
    await untilEqualScreens(ann, bob);

    const seen = await ann.common();
    assert.deepEqual(
      seen.slice(0, 2).map(({ text, isEdited, reactions }) => ({ text, isEdited, reactions })),
      [
        { text: "ann's better plan", isEdited: true, reactions: ["🎉 1"] },
        { text: "bob's better idea", isEdited: true, reactions: ["👍 2"] },
      ],
    );
    const texts = seen.map(({ text }) => text);
    assert.deepEqual([...texts.slice(2)].sort(), ["one from ann", "one from bob", "two from ann"]);
    assert.ok(texts.indexOf("one from ann") < texts.indexOf("two from ann"), "each keeps their own order");
  });

  test("a reload without a network keeps everything, and it is sent once", async (scene) => {
    const { ann, bob } = await chat(scene);
    await ann.say("before");
    await bob.message("before").waitFor();
    ann.network.cut();
    await ann.untilConnection("waiting");
    await ann.say("first while away");
    await ann.say("second while away");
    await ann.edit("before", "before, corrected");

    await ann.page.reload();
    await ann.untilTexts(["before, corrected", "first while away", "second while away"]);
    assert.equal(await ann.stateOf("first while away"), "pending");
    assert.equal(await ann.stateOf("second while away"), "pending");
    assert.deepEqual(await bob.texts(), ["before"]);

    ann.network.restore();
    await ann.untilSynced();
    await bob.untilTexts(["before, corrected", "first while away", "second while away"]);
    await untilEqualScreens(ann, bob);
  });

  test("a reload in the middle of sending loses and doubles nothing that was shown", async (scene) => {
    const { ann, bob } = await chat(scene);
    const texts = Array.from({ length: 8 }, (_, index) => `quick ${index}`);
    for (const text of texts) {
      await ann.say(text);
    }
    await ann.page.reload();
    await ann.untilTexts(texts);
    await ann.untilSynced();
    await bob.untilTexts(texts);
    await untilEqualScreens(ann, bob);
  });

  test("two people who open the same chat offline have one chat with both messages", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    await Promise.all([ann.goOffline(), bob.goOffline()]);
    const ofAnn = await ann.startDirect(bob.account);
    await ann.say("hello from ann");
    const ofBob = await bob.startDirect(ann.account);
    await bob.say("hello from bob");
    assert.equal(ofAnn, ofBob);

    await Promise.all([ann.goOnline(), bob.goOnline()]);
    await Promise.all([ann.untilSynced(), bob.untilSynced()]);
    for (const person of [ann, bob]) {
      await until(
        "both messages",
        () => person.texts(),
        (texts) => texts.length === 2,
      );
      assert.deepEqual((await person.texts()).sort(), ["hello from ann", "hello from bob"]);
      assert.deepEqual(await person.conversations(), [ofAnn]);
      assert.deepEqual(await person.refusals(), []);
    }
    await untilEqualScreens(ann, bob);
  });

  test("a message that was deleted keeps its place, without its words, for both", async (scene) => {
    const { ann, bob } = await chat(scene);
    await ann.say("kept");
    await ann.say("regretted");
    await bob.message("regretted").waitFor();
    await ann.delete("regretted");
    await bob.message("regretted").waitFor({ state: "detached" });
    assert.deepEqual(await bob.texts(), ["kept", "Message deleted"]);
    await untilEqualScreens(ann, bob);
  });

  test("typing shows at the other side and goes away", async (scene) => {
    const { ann, bob } = await chat(scene);
    const typing = (): Promise<string> => ann.find("typing").innerText();
    await bob.find("composer").pressSequentially("I am thinking");
    await until("ann sees that bob is typing", typing, (words) => words.includes("is typing"));
    await bob.find("composer").fill("");
    await untilEqual("ann sees that bob has stopped", typing, "");
    await bob.find("composer").pressSequentially("Now");
    await until("ann sees that bob is typing again", typing, (words) => words.includes("is typing"));
    await bob.find("composer").press("Enter");
    await ann.message("Now").waitFor();
    await untilEqual("ann sees that bob is done", typing, "");
  });

  test("a group made offline arrives whole, with its first messages", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    await ann.goOffline();
    const conversation = await ann.startGroup("Made offline", [bob.account]);
    await ann.say("first words");
    await ann.say("second words");
    await ann.react("first words", "🌱");
    await ann.goOnline();
    await bob.open(conversation);
    await bob.untilTexts(["first words", "second words"]);
    await untilEqual("the title", () => bob.find("conversation-title").innerText(), "Made offline");
    await bob.say("I am in");
    await ann.message("I am in").waitFor();
    await untilEqualScreens(ann, bob);
  });

  test("replies, pins and names are the same for both", async (scene) => {
    const { ann, bob } = await chat(scene);
    await ann.say("Where do we meet?");
    await bob.act("Where do we meet?", "action-reply");
    await bob.say("At the fountain");
    await ann.message("At the fountain").getByTestId("quote").filter({ hasText: "Where do we meet?" }).waitFor();
    await bob.act("At the fountain", "action-pin");
    await ann.find("pin").filter({ hasText: "At the fountain" }).waitFor();
    await ann.find("unpin").click();
    await bob.find("pin").waitFor({ state: "hidden" });
    await bob.find("identity").click();
    await bob.page.getByLabel("Name for others").fill("Robert");
    await bob.find("dialog-agree").click();
    await untilEqual("bob's name", () => ann.find("conversation-title").innerText(), "Robert");
  });

  test("messages written offline into a page that closes meanwhile all arrive, in order", async (scene) => {
    const server = await scene.ownServer({ flags: ["--page-changes-soft", "12"] });
    const [ann, bob] = await Promise.all([scene.person("ann", { server }), scene.person("bob", { server })]);
    const conversation = await ann.startDirect(bob.account);
    await bob.open(conversation);
    await ann.say("the first");
    await bob.message("the first").waitFor();
    await ann.goOffline();
    const ofAnn = Array.from({ length: 20 }, (_, index) => `ann ${index}.`);
    const ofBob = Array.from({ length: 30 }, (_, index) => `bob ${index}.`);
    for (const text of ofAnn) {
      await ann.say(text);
    }
    await ann.react("ann 3.", "👍");
    await ann.edit("the first", "the very first");
    for (const text of ofBob) {
      await bob.say(text);
    }
    await bob.untilSynced();
    await ann.goOnline();
    await ann.untilSynced();
    const reader = await scene.visitor("bob", { server, account: bob.account });
    await reader.open(conversation);
    await Promise.all([ann, bob, reader].map((person) => person.message("ann 19.").waitFor()));
    for (const person of [ann, bob, reader]) {
      await loadAll(person);
    }
    const seen = await untilEqualScreens(ann, bob, reader);
    assert.deepEqual(
      seen.map(({ text }) => text),
      ["the very first", ...ofBob, ...ofAnn],
    );
    assert.deepEqual(seen.find(({ text }) => text === "ann 3.")?.reactions, ["👍 1"]);
    assert.deepEqual(await ann.refusals(), []);
  });
});
