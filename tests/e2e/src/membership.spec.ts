/** Who may write: what a removal, a role and a return do to people who are on- or offline. */
import assert from "node:assert/strict";

import type { Person } from "./support/person.js";
import { onEachStore, type Scene } from "./support/scene.js";
import { until, untilEqual } from "./support/until.js";

/** Ann's group with Bob and Carol, open for all of them. */
async function group(scene: Scene): Promise<{ ann: Person; bob: Person; carol: Person; conversation: string }> {
  const [ann, bob, carol] = await Promise.all([scene.person("ann"), scene.person("bob"), scene.person("carol")]);
  const conversation = await ann.startGroup("Garden", [bob.account, carol.account]);
  await bob.open(conversation);
  await carol.open(conversation);
  return { ann, bob, carol, conversation };
}

onEachStore("membership", ({ test }) => {
  test("what a removed member wrote offline comes back to them, and nobody else sees it", async (scene) => {
    const { ann, bob, carol, conversation } = await group(scene);
    await ann.say("welcome");
    await bob.message("welcome").waitFor();
    await bob.goOffline();
    await bob.say("to be discarded");
    await bob.say("to be sent after all");

    await ann.openMembers();
    await ann.actOn(bob.account, "member-remove");
    await untilEqual("the members", () => ann.members(), [`${ann.account} owner`, `${carol.account} member`].sort());
    await ann.untilSynced();
    await ann.say("bob is gone");

    await bob.goOnline();
    await untilEqual("what came back to bob", () => bob.refusals(), [
      { code: "member_removed", words: "to be discarded" },
      { code: "member_removed", words: "to be sent after all" },
    ]);
    await bob.find("composer-reason").filter({ hasText: "You were removed" }).waitFor();
    assert.deepEqual(await bob.texts(), ["welcome"]);
    await carol.untilTexts(["welcome", "bob is gone"]);
    assert.deepEqual(await ann.texts(), ["welcome", "bob is gone"]);

    await bob.refusal("to be discarded").getByTestId("refused-discard").click();
    await untilEqual("what came back to bob", () => bob.refusals(), [
      { code: "member_removed", words: "to be sent after all" },
    ]);
    await bob.page.reload();
    await bob.open(conversation);
    await untilEqual("what is kept over a reload", () => bob.refusals(), [
      { code: "member_removed", words: "to be sent after all" },
    ]);

    await ann.find("add-member-input").fill(bob.account);
    await ann.find("add-member").click();
    await ann.member(bob.account).waitFor();
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await bob.refusal("to be sent after all").getByTestId("refused-retry").click();
    await ann.message("to be sent after all").waitFor();
    await untilEqual("what came back to bob", () => bob.refusals(), []);
    const texts = ["welcome", "bob is gone", "to be sent after all"];
    await Promise.all([ann, bob, carol].map((person) => person.untilTexts(texts)));
  });

  test("a role decides who may write, and a guest is told why not", async (scene) => {
    const { ann, bob, conversation } = await group(scene);
    await ann.openMembers();
    const role = ann.member(bob.account).getByTestId("member-role");
    await role.selectOption("guest");
    await until(
      "bob is told why he cannot write",
      () => bob.find("composer-reason").innerText(),
      (words) => words.includes("As a guest you can read here, but not write."),
    );
    assert.equal(await bob.find("composer").isDisabled(), true);
    await bob.openMembers();
    await untilEqual("bob's role as he sees it", () => bob.member(bob.account).getAttribute("data-role"), "guest");
    await ann.say("listen, bob");
    await bob.message("listen, bob").waitFor();

    await ann.member(bob.account).getByTestId("member-role").selectOption("moderator");
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await untilEqual("bob's role as he sees it", () => bob.member(bob.account).getAttribute("data-role"), "moderator");
    await bob.find("members-close").click();
    await bob.say("now I speak");
    await ann.message("now I speak").waitFor();
    // A moderator may take others' messages back.
    await bob.delete("now I speak");
    assert.deepEqual(await bob.conversations(), [conversation]);
  });

  test("somebody who leaves keeps what they read and hears no more", async (scene) => {
    const { ann, bob, carol } = await group(scene);
    await ann.say("before carol leaves");
    await carol.message("before carol leaves").waitFor();
    await carol.openMembers();
    await carol.find("leave").click();
    await carol.find("dialog-agree").click();
    await carol.find("composer-reason").filter({ hasText: "You left this conversation." }).waitFor();
    await ann.openMembers();
    await untilEqual("the members", () => ann.members(), [`${ann.account} owner`, `${bob.account} member`].sort());
    await ann.say("after carol left");
    await bob.message("after carol left").waitFor();
    assert.deepEqual(await carol.texts(), ["before carol leaves"]);
  });

  test("a ban refuses what was written offline, and who may ban can take it back", async (scene) => {
    const { ann, bob } = await group(scene);
    await bob.goOffline();
    await bob.say("spam");
    await ann.openMembers();
    await ann.actOn(bob.account, "member-ban");
    await ann.agree();
    await ann.member(bob.account).waitFor({ state: "detached" });
    await ann.untilSynced();

    await bob.goOnline();
    await bob.find("composer-reason").filter({ hasText: "You were banned" }).waitFor();
    await untilEqual("what came back to bob", () => bob.refusals(), [{ code: "member_banned", words: "spam" }]);
    await bob.refusal("spam").getByTestId("refused-discard").click();
    await ann.find("add-member-input").fill(bob.account);
    await ann.find("add-member").click();
    await bob.find("composer-reason").waitFor({ state: "hidden" });
    await bob.say("I am sorry");
    await ann.message("I am sorry").waitFor();
    assert.deepEqual(await ann.texts(), ["I am sorry"]);
  });
});
