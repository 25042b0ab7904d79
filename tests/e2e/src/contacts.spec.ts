/** Contacts, blocks and what a person sets for themselves: found, written to offline, blocked and let back. */
import assert from "node:assert/strict";

import { onEachStore } from "./support/scene.js";
import { untilEqual } from "./support/until.js";

onEachStore("contacts", ({ test }) => {
  test("a contact is added and made a favorite offline, and written to from the address book", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    await ann.goOffline();
    await ann.find("contacts-open").click();
    await ann.find("contact-add").click();
    await ann.find("contact-phone").fill("030 123456");
    await ann.find("contact-account").fill(bob.account);
    await ann.find("dialog-agree").click();
    await ann.screen.getByText("That is not a phone number").waitFor();
    await ann.find("contact-phone").fill("+49 (0)30 123456");
    await ann.find("contact-nickname").fill("Bobby");
    await ann.find("dialog-agree").click();
    await ann.find("contact").filter({ hasText: "Bobby" }).filter({ hasText: "+4930123456" }).waitFor();
    await ann.find("contact-favorite").click();
    await untilEqual("the favorite", () => ann.find("contact-favorite").getAttribute("aria-pressed"), "true");
    await ann.find("contact-chat").click();
    await untilEqual("the open chat", () => ann.find("conversation-title").innerText(), "Bobby");
    await ann.say("hello from offline");
    await ann.goOnline();
    await ann.untilSynced();
    await bob.find("inbox-preview").filter({ hasText: "hello from offline" }).waitFor();
  });

  test("who is blocked keeps their words, and is heard again after it", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const conversation = await ann.startDirect(bob.account);
    await ann.say("hello");
    await bob.open(conversation);
    await bob.message("hello").waitFor();
    await ann.openMembers();
    await ann.find("block").click();
    await ann.find("dialog-agree").click();
    await ann.find("blocked-notice").waitFor();
    await ann.untilSynced();

    await bob.goOffline();
    await bob.say("are you there?");
    await bob.goOnline();
    await untilEqual("what came back to bob", () => bob.refusals(), [{ code: "not_deliverable", words: "are you there?" }]);
    assert.deepEqual(await ann.texts(), ["hello"]);

    await ann.find("blocked-notice").getByTestId("lift-block").click();
    await ann.find("blocked-notice").waitFor({ state: "hidden" });
    await ann.untilSynced();
    await bob.refusal("are you there?").getByTestId("refused-retry").click();
    await ann.untilTexts(["hello", "are you there?"]);
  });

  test("a group with somebody who blocks its creator leaves the list, and comes back with another try", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const direct = await ann.startDirect(bob.account);
    await ann.say("hello");
    await bob.open(direct);
    await ann.openMembers();
    await ann.find("block").click();
    await ann.find("dialog-agree").click();
    await ann.untilSynced();

    await bob.goOffline();
    const trip = await bob.startGroup("Trip", [ann.account]);
    await bob.say("who is in?");
    await bob.goOnline();
    await bob.row(trip).waitFor({ state: "detached" });
    await bob.refusal("Trip").waitFor();
    await bob.refusal("who is in?").waitFor();
    await bob.page.reload();
    await bob.open(direct);
    assert.deepEqual(await bob.conversations(), [direct]);

    await ann.find("blocked-notice").getByTestId("lift-block").click();
    await ann.untilSynced();
    await bob.refusal("Trip").getByTestId("refused-retry").click();
    await bob.open(trip);
    await bob.refusal("who is in?").getByTestId("refused-retry").click();
    await bob.untilSynced();
    await ann.open(trip);
    await ann.untilTexts(["who is in?"]);
  });

  test("what to be notified of is kept, and on the other devices too", async (scene) => {
    const ann = await scene.person("ann");
    const conversation = await ann.startGroup("Garden", []);
    await ann.openMembers();
    await ann.find("notifications").selectOption("none");
    await ann.untilSynced();
    await ann.page.reload();
    await ann.open(conversation);
    await ann.openMembers();
    await untilEqual("the level", () => ann.find("notifications").inputValue(), "none");
  });
});
