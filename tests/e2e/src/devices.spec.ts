/** One person on several devices: what one of them does, the others know. */
import assert from "node:assert/strict";

import type { Person } from "./support/person.js";
import { onEachStore, PHONE, type Scene } from "./support/scene.js";
import { untilEqualScreens } from "./support/screens.js";
import { untilEqual } from "./support/until.js";

/** Ann's laptop and Ann's phone, and Bob, in one chat. */
async function devices(scene: Scene): Promise<{ laptop: Person; phone: Person; bob: Person; conversation: string }> {
  const [laptop, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
  const conversation = await laptop.startDirect(bob.account);
  await bob.open(conversation);
  const phone = await scene.person("ann", { account: laptop.account, size: PHONE });
  await phone.row(conversation).waitFor();
  return { laptop, phone, bob, conversation };
}

onEachStore("devices", ({ test }) => {
  test("what is written on one device is one's own on the other", async (scene) => {
    const { laptop, phone, bob, conversation } = await devices(scene);
    await phone.open(conversation);
    await laptop.say("from my laptop");
    await phone.message("from my laptop").waitFor();
    await phone.say("from my phone");
    await laptop.message("from my phone").waitFor();
    await bob.untilTexts(["from my laptop", "from my phone"]);
    assert.deepEqual(
      (await phone.messages()).map(({ isOwn }) => isOwn),
      [true, true],
    );
    assert.deepEqual(
      (await laptop.messages()).map(({ isOwn }) => isOwn),
      [true, true],
    );
    await untilEqual("how far it has come on the phone", () => phone.stateOf("from my laptop"), "read");
    await untilEqual("how far it has come on the laptop", () => laptop.stateOf("from my phone"), "read");
  });

  test("what is read on one device is read on the other", async (scene) => {
    const { laptop, phone, bob, conversation } = await devices(scene);
    await laptop.page.setViewportSize(PHONE);
    await laptop.find("back").click();
    await bob.say("one");
    await bob.say("two");
    for (const device of [laptop, phone]) {
      await untilEqual("unread", () => device.row(conversation).getAttribute("data-unread"), "2");
    }
    await phone.open(conversation);
    await untilEqual("unread on the other", () => laptop.row(conversation).getAttribute("data-unread"), "0");
  });

  test("edits of one message on two offline devices end as one text everywhere", async (scene) => {
    const { laptop, phone, bob, conversation } = await devices(scene);
    await phone.open(conversation);
    await laptop.say("draft");
    await phone.message("draft").waitFor();
    await Promise.all([laptop.goOffline(), phone.goOffline()]);
    await laptop.edit("draft", "from the laptop");
    await phone.edit("draft", "from the phone");
    await laptop.goOnline();
    await laptop.untilSynced();
    await phone.goOnline();
    await phone.untilSynced();
    const seen = await untilEqualScreens(laptop, phone, bob);
    assert.equal(seen.length, 1);
    assert.match(seen[0]?.text ?? "", /^from the (laptop|phone)$/);
    assert.deepEqual([await laptop.refusals(), await phone.refusals()], [[], []]);
  });

  test("a message deleted on one device while the other edits it offline stays deleted", async (scene) => {
    const { laptop, phone, bob, conversation } = await devices(scene);
    await phone.open(conversation);
    await laptop.say("regretted");
    await phone.message("regretted").waitFor();
    await phone.goOffline();
    await phone.edit("regretted", "regretted, but better");
    await laptop.delete("regretted");
    await laptop.untilSynced();
    await phone.goOnline();
    await phone.untilSynced();
    const seen = await untilEqualScreens(laptop, phone, bob);
    assert.deepEqual(
      seen.map(({ text }) => text),
      ["Message deleted"],
    );
  });
});
