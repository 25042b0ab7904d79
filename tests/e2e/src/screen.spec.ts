/** The app as something to look at and to use: tabs, history, a phone, a keyboard, assistive technology. */
import assert from "node:assert/strict";

import type { Page } from "playwright-core";

import { deviceOf } from "./support/device.js";
import { Person } from "./support/person.js";
import { onEachStore, PHONE } from "./support/scene.js";
import { frameOf, loadAll, nameless } from "./support/screens.js";
import { until, untilEqual } from "./support/until.js";

/** How many messages the long conversation has. */
const HISTORY = 150;

onEachStore("the screen", ({ test }) => {
  test("a second tab says that another one is open, and goes on by itself when that is closed", async (scene) => {
    const ann = await scene.person("ann");
    const conversation = await ann.startDirect(scene.account("bob"));
    await ann.say("in the first tab");
    const second = await scene.tab(ann.page.context(), ann.network, ann.account);
    await second.find("elsewhere").filter({ hasText: "Open in another tab" }).waitFor();

    await ann.say("the first goes on");
    await ann.untilState("the first goes on", "sent");
    assert.ok(await second.find("elsewhere").isVisible());
    await ann.page.close();
    await second.open(conversation);
    await second.untilTexts(["in the first tab", "the first goes on"]);
    await second.say("in the second tab");
    await second.untilState("in the second tab", "sent");
  });

  test("a chat that is started takes the keyboard, and what is written has the direction of its words", async (scene) => {
    const ann = await scene.person("ann");
    await ann.startDirect(scene.account("bob"));
    const focused = (): Promise<string | undefined> =>
      ann.page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.dataset["testid"] : ""));
    await untilEqual("what has the focus", focused, "composer");
    for (const [words, direction] of [
      ["שלום 123 hello", "rtl"],
      ["hello 123 שלום", "ltr"],
    ] as const) {
      await ann.say(words);
      await ann.untilState(words, "sent");
      const text = ann.message(words).getByTestId("message-text");
      assert.equal(await text.evaluate((shown) => getComputedStyle(shown).direction), direction);
    }
  });

  test("older messages come on scrolling up, in order and without a gap", async (scene) => {
    const ann = await scene.person("ann");
    const texts = Array.from({ length: HISTORY }, (_, index) => `message ${index + 1}.`);
    const conversation = await deviceOf(scene.server, scene.account("bob"), async (device) => {
      const { conversation: made } = await device.createDirect(ann.account);
      assert.ok(made !== undefined);
      for (const text of texts) {
        await device.sendMessage(made, text);
      }
      return made;
    });

    await ann.open(conversation);
    await ann.message(texts.at(-1) ?? "").waitFor();
    const newest = await ann.texts();
    assert.ok(newest.length < HISTORY, `a start shows the newest ones only, not ${newest.length}`);
    assert.deepEqual(newest, texts.slice(-newest.length));

    await loadAll(ann);
    assert.deepEqual(await ann.texts(), texts);
  });

  test("older messages that the device has come without a network too", async (scene) => {
    const ann = await scene.person("ann");
    const conversation = await ann.startDirect(scene.account("bob"));
    const texts = Array.from({ length: 60 }, (_, index) => `note ${index + 1}.`);
    for (const text of texts) {
      await ann.say(text);
    }
    await ann.untilSynced();
    ann.network.cut();
    await ann.page.reload();
    await ann.open(conversation);
    await ann.message("note 60.").waitFor();
    await loadAll(ann);
    assert.deepEqual(await ann.texts(), texts);
  });

  test("on a phone the list leads to a conversation and back", async (scene) => {
    const ann = await scene.person("ann", { size: PHONE });
    const bob = scene.account("bob");
    const conversation = await ann.startDirect(bob);
    await ann.say("from a phone");
    assert.equal(await ann.row(conversation).isVisible(), false);
    await ann.find("back").click();
    await ann.row(conversation).filter({ visible: true }).waitFor();
    assert.equal(await ann.find("composer").filter({ visible: true }).count(), 0);
    await untilEqual(
      "the preview",
      () => ann.row(conversation).getByTestId("inbox-preview").innerText(),
      "You: from a phone",
    );

    await ann.open(conversation);
    await ann.untilTexts(["from a phone"]);
    await ann.page.goBack();
    await ann.row(conversation).filter({ visible: true }).waitFor();
    const overflow = await ann.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `nothing sticks out of the screen, not ${overflow} px`);
  });

  test("a keyboard is enough to open a chat, write, send and correct", async (scene) => {
    const ann = await scene.person("ann");
    const conversation = await ann.startDirect(scene.account("bob"));
    await ann.startDirect(scene.account("carol"));
    const keyboard = ann.page.keyboard;
    await ann.find("inbox-search").focus();
    await keyboard.press("ArrowDown");
    while ((await focused(ann.page)) !== conversation) {
      await keyboard.press("ArrowDown");
    }
    await keyboard.press("Enter");
    await untilEqual("the focus", () => focused(ann.page), "composer");
    await untilEqual("the conversation", () => ann.row(conversation).getAttribute("aria-current"), "true");
    await keyboard.type("by keyborad");
    await keyboard.press("Enter");
    await ann.message("by keyborad").waitFor();
    await keyboard.press("ArrowUp");
    await untilEqual("what is edited", () => ann.find("composer").inputValue(), "by keyborad");
    await keyboard.press("ControlOrMeta+A");
    await keyboard.type("by keyboard");
    await keyboard.press("Enter");
    await ann.message("by keyboard").getByTestId("message-edited").waitFor();
    await ann.untilTexts(["by keyboard"]);
    await keyboard.press("Shift+Enter");
    await keyboard.type("second line");
    await untilEqual("two lines", () => ann.find("composer").inputValue(), "\nsecond line");
  });

  test("everything that can be used has a role and a name", async (scene) => {
    const ann = await scene.person("ann");
    await ann.startGroup("Names", [scene.account("bob")]);
    await ann.say("read me");
    await ann.react("read me", "👍");
    await ann.openMembers();
    for (const role of ["navigation", "main", "log", "switch", "complementary"] as const) {
      assert.equal(await ann.page.getByRole(role).count(), 1, `one ${role}`);
    }
    assert.ok((await ann.page.getByRole("list").count()) >= 3, "lists of conversations, messages and members");
    assert.equal(await ann.page.getByRole("switch", { name: "Network", checked: true }).count(), 1);
    assert.equal(await ann.page.getByRole("textbox", { name: "Message" }).count(), 1);
    await ann.unfold("rules");
    await ann.unfold("roles");
    assert.equal(await ann.page.getByRole("combobox", { name: "Slow mode" }).count(), 1);
    assert.deepEqual(await nameless(ann.page), []);

    await ann.find("new-role").click();
    assert.equal(await ann.page.getByRole("dialog", { name: "New role" }).count(), 1);
    assert.equal(await ann.page.getByRole("group", { name: "Members" }).getByRole("checkbox").count(), 8);
    assert.deepEqual(await nameless(ann.page), []);
    await ann.find("dialog-cancel").click();

    await ann.find("new-direct").click();
    assert.equal(await ann.page.getByRole("dialog", { name: "New chat" }).count(), 1);
    assert.deepEqual(await nameless(ann.page), []);
  });

  test("the page shows two people side by side, who share nothing but the server", async (scene) => {
    const context = await scene.device({ width: 1400, height: 900 });
    const network = await scene.network(await scene.ownServer());
    const page = await context.newPage();
    await page.goto(network.url);
    const ann = new Person("ann", page, network, await frameOf(page, "frame-ann"));
    const bob = new Person("bob", page, network, await frameOf(page, "frame-bob"));
    await Promise.all([ann.untilSettled(), bob.untilSettled()]);
    await until(
      "ann's first chats",
      () => ann.conversations(),
      (rows) => rows.length === 2,
    );
    await until(
      "bob has them too",
      () => bob.conversations(),
      (rows) => rows.length === 2,
    );
    const [conversation = ""] = await ann.conversations();
    await ann.open(conversation);
    await bob.open(conversation);
    await bob.goOffline();
    await ann.say("side by side");
    await bob.say("without a network");
    assert.deepEqual(await bob.texts(), ["without a network"]);
    await bob.goOnline();
    await ann.untilTexts(["side by side", "without a network"]);
    await bob.untilTexts(["side by side", "without a network"]);
  });
});

/** What has the focus: its conversation, or its test id. */
function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    const { activeElement } = document;
    return activeElement instanceof HTMLElement
      ? (activeElement.dataset["conversation"] ?? activeElement.dataset["testid"])
      : undefined;
  });
}
