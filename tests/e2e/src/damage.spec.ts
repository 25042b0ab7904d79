/** What a device finds when its stored state was damaged, or put back to what it was. */
import assert from "node:assert/strict";

import { deviceOf } from "./support/device.js";
import { readRecords, replaceRecords, withStore, type Records } from "./support/indexeddb.js";
import type { Person } from "./support/person.js";
import { onEachStore, type Scene } from "./support/scene.js";
import { loadAll, untilEqualScreens } from "./support/screens.js";
import { until } from "./support/until.js";

/** More than one catch-up brings entry by entry: what comes is a snapshot. */
const HISTORY = 530;

/** Closes the app, changes what it has stored, and opens it again. */
async function reopenWith(scene: Scene, person: Person, change: (records: Records) => Records): Promise<Person> {
  const context = person.page.context();
  await person.page.close();
  await withStore(context, person.network, async (page) => {
    await replaceRecords(page, change(await readRecords(page)));
  });
  return scene.tab(context, person.network, person.account);
}

/** What a device has stored, once a command that was shown is among it: it is shown before that. */
function recordsWithOutbox(person: Person): Promise<Records> {
  return until(
    "a command in the store",
    () => withStore(person.page.context(), person.network, readRecords),
    (records) => Object.keys(records).some((key) => key.startsWith("outbox/")),
  );
}

onEachStore("damage", ({ test }) => {
  test("a stored page that is damaged is fetched again, and what was not sent is kept", async (scene) => {
    const texts = Array.from({ length: HISTORY }, (_, index) => `${index}.`);
    const ann = await scene.person("ann");
    ann.network.cut();
    const conversation = await deviceOf(scene.server, scene.account("bob"), async (device) => {
      const { conversation: made } = await device.createDirect(ann.account);
      assert.ok(made !== undefined);
      for (const text of texts) {
        await device.sendMessage(made, text);
      }
      return made;
    });
    ann.network.restore();
    await ann.open(conversation);
    await ann.message(texts.at(-1) ?? "").waitFor();
    ann.network.cut();
    await ann.untilConnection("waiting");
    await ann.say("only here");
    await recordsWithOutbox(ann);

    const damaged: string[] = [];
    const again = await reopenWith(scene, ann, (records) => {
      for (const [key, value] of Object.entries(records)) {
        if (key.startsWith("document/conversation/")) {
          value.splice(Math.floor(value.length / 2), 1, 0xff ^ (value[Math.floor(value.length / 2)] ?? 0));
          damaged.push(key);
        }
      }
      return records;
    });
    assert.ok(damaged.some((key) => key.includes("/page/")), `a page was stored: ${damaged.join()}`);
    again.network.restore();
    await again.open(conversation);
    await again.untilSynced();
    await again.message("only here").waitFor();
    await loadAll(again);
    await again.untilTexts([...texts, "only here"]);
  });

  test("a device whose store is put back to what it was loses and doubles nothing", async (scene) => {
    const [ann, bob] = await Promise.all([scene.person("ann"), scene.person("bob")]);
    const conversation = await ann.startDirect(bob.account);
    await bob.open(conversation);
    await ann.say("before the backup");
    await bob.message("before the backup").waitFor();
    ann.network.cut();
    await ann.untilConnection("waiting");
    await ann.say("pending in the backup");
    const backup = await recordsWithOutbox(ann);
    ann.network.restore();
    await ann.say("after the backup");
    await ann.untilSynced();
    await bob.say("by Bob");
    await ann.message("by Bob").waitFor();

    ann.network.cut();
    const again = await reopenWith(scene, ann, () => backup);
    await again.open(conversation);
    await again.say("after the restore");
    again.network.restore();
    await again.untilSynced();
    const wanted = ["before the backup", "pending in the backup", "after the backup", "by Bob", "after the restore"];
    await again.untilTexts(wanted);
    await bob.untilTexts(wanted);
    await untilEqualScreens(again, bob);
  });
});
