/** The package in a real Chromium: IndexedDB, Web Locks, workers. */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, test } from "node:test";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { launch, serve, type Block } from "./chromium.js";
import type {} from "./page.js";

let browser: Browser;
let server: Server;
let address: string;
let block: Block;

before(async () => {
  ({ server, page: address, block } = await serve());
  browser = await launch();
});

after(async () => {
  await browser.close();
  server.close();
});

/** A profile of its own with one page, ready to open a client. */
async function withPage(run: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await browser.newContext();
  try {
    await run(await openPage(context), context);
  } finally {
    await context.close();
  }
}

async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await load(page);
  return page;
}

async function load(page: Page): Promise<void> {
  await page.goto(address);
  await page.waitForFunction("window.lab !== undefined");
  await page.evaluate(() => window.lab.init());
}

test("IndexedDB keeps the contract of a store", async () => {
  await withPage(async (page) => {
    const steps = await page.evaluate(() => window.lab.contract("contract"));
    assert.ok(typeof steps === "number" && steps > 10, String(steps));
  });
});

test("V92 what nobody else has is on the disk when it is stored, and nothing else waits for that", async () => {
  await withPage(async (page) => {
    const own = ["outbox/1", "refused/1", "membership/1", "damaged/outbox/1"];
    const others = ["meta", "tail/conversation/1", "head/conversation", "rows/conversation", "profile/bob"];
    const asked = await page.evaluate((keys) => window.lab.durabilities("durability", keys), [...own, ...others]);
    assert.deepEqual(asked, [...own.map(() => "strict"), ...others.map(() => "relaxed")]);
  });
});

test("a client keeps its state in IndexedDB, over a reload", async () => {
  await withPage(async (page) => {
    assert.deepEqual(await page.evaluate(() => window.lab.open()), { store: "indexeddb", fallback: undefined });
    const conversation = await page.evaluate(() => window.lab.createGroup("Walks"));
    await page.evaluate((conversation) => window.lab.send(conversation, "Sunday?"), conversation);
    await page.evaluate((conversation) => window.lab.send(conversation, "At ten. 🌤"), conversation);

    await load(page);
    assert.deepEqual(await page.evaluate(() => window.lab.open()), { store: "indexeddb", fallback: undefined });
    assert.deepEqual(await page.evaluate(() => window.lab.names()), ["Walks"]);
    assert.equal(await page.evaluate(() => window.lab.unsynced()), 3);
    const texts = await page.evaluate((conversation) => window.lab.texts(conversation, 2), conversation);
    assert.deepEqual(texts, ["Sunday?", "At ten. 🌤"]);
  });
});

test("what only this device has outlives a database that the browser throws away", async () => {
  await withPage(async (page) => {
    await page.evaluate(() => window.lab.open());
    const conversation = await page.evaluate(() => window.lab.createGroup("Walks"));
    await page.evaluate((conversation) => window.lab.send(conversation, "Sunday?"), conversation);
    await page.evaluate((conversation) => window.lab.send(conversation, "At ten."), conversation);
    await page.evaluate(() => window.lab.close());
    await page.evaluate(() => window.lab.loseDatabase("tidings/default/ada"));

    await load(page);
    await page.evaluate(() => window.lab.open());
    assert.equal(await page.evaluate(() => window.lab.unsynced()), 3);
    const texts = await page.evaluate((conversation) => window.lab.texts(conversation, 2), conversation);
    assert.deepEqual(texts, ["Sunday?", "At ten."]);

    // Whoever deletes the store while it is open means all of it.
    await page.evaluate(() => window.lab.loseDatabase("tidings/default/ada"));
    await load(page);
    await page.evaluate(() => window.lab.open());
    assert.equal(await page.evaluate(() => window.lab.unsynced()), 0);
  });
});

test("V92 what is stored is in the second copy too, from the first write of a start on", async () => {
  await withPage(async (page) => {
    assert.deepEqual(await page.evaluate(() => window.lab.copiedLate("late")), ["outbox/1", "outbox/2"]);
  });
});

test("what the second copy could not take, it takes with the next write", async () => {
  await withPage(async (page) => {
    const keys = await page.evaluate(() => window.lab.copiedAgain("again"));
    assert.deepEqual(keys, ["outbox/1", "outbox/2", "outbox/3", "outbox/4"]);
  });
});

test("writes go on when the browser has collected its garbage", async () => {
  await withPage(async (page) => {
    await page.evaluate(() => window.lab.open());
    await page.evaluate(() => window.lab.collectGarbage());
    assert.equal((await page.evaluate(() => window.lab.createGroup("Walks"))).length, 26);
  });
});

test("a second tab that does not wait for a store is told that it is in use, and gets it when the first is closed", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    await first.evaluate(() => window.lab.createGroup("First"));
    const refused = { name: "TidingsError", code: "store_in_use", retryable: true };
    assert.deepEqual(await second.evaluate(() => window.lab.open({ whenInUse: "reject" })), refused);
    assert.deepEqual(await second.evaluate(() => window.lab.inWorker("default/ada")), "store_in_use");
    assert.deepEqual(await second.evaluate(() => window.lab.open({ account: "bob" })), {
      store: "indexeddb",
      fallback: undefined,
    });
    await second.evaluate(() => window.lab.close());
    await first.close();
    assert.deepEqual(await second.evaluate(() => window.lab.open()), { store: "indexeddb", fallback: undefined });
    assert.deepEqual(await second.evaluate(() => window.lab.names()), ["First"]);
  });
});

test("a second tab waits for the store, and goes on by itself when the first is closed", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    await first.evaluate(() => window.lab.createGroup("First"));
    await second.evaluate(() => window.lab.openLater());
    await first.close();
    assert.deepEqual(await second.evaluate(() => window.lab.opened()), { store: "indexeddb", fallback: undefined });
    assert.deepEqual(await second.evaluate(() => window.lab.names()), ["First"]);
  });
});

test("a tab that is frozen lets its store go, and goes on with what another one wrote", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    await first.evaluate(() => window.lab.createGroup("First"));
    await second.evaluate(() => window.lab.openLater());
    // A page that is driven counts as visible, which is never frozen: it is told what it would be told.
    await first.evaluate(() => document.dispatchEvent(new Event("freeze")));
    assert.deepEqual(await second.evaluate(() => window.lab.opened()), { store: "indexeddb", fallback: undefined });
    await second.evaluate(() => window.lab.createGroup("Second"));

    await first.evaluate(() => document.dispatchEvent(new Event("resume")));
    assert.equal(await first.evaluate(() => window.lab.connection()), "store_in_use");
    const refused = { name: "TidingsError", code: "store_in_use", retryable: true };
    assert.deepEqual(await first.evaluate(() => window.lab.send("0".repeat(26), "not mine to write")), refused);
    await second.evaluate(() => window.lab.close());
    await first.evaluate(() => window.lab.connectionUntil("another"));
    await first.waitForFunction(() => window.lab.names().length === 2);
    await first.evaluate(() => window.lab.createGroup("Third"));
    const names = await first.evaluate(() => window.lab.names());
    assert.deepEqual(names.sort(), ["First", "Second", "Third"]);
  });
});

test("a tab that answers no more loses its store, and writes nothing to it when it is back", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    await first.evaluate(() => window.lab.createGroup("First"));
    const late = first.evaluate(() => window.lab.blockThenCreate("Late"));
    await second.bringToFront();
    await second.evaluate(() => window.lab.openLater());
    assert.deepEqual(await second.evaluate(() => window.lab.opened()), { store: "indexeddb", fallback: undefined });
    await second.evaluate(() => window.lab.createGroup("Second"));
    block.end();
    assert.deepEqual(await late, { name: "TidingsError", code: "store_in_use", retryable: false });
    await first.evaluate(() => window.lab.connectionUntil("store_in_use"));
    await first.close();
    await load(second);
    await second.evaluate(() => window.lab.open());
    assert.deepEqual((await second.evaluate(() => window.lab.names())).sort(), ["First", "Second"]);
  });
});

test("a tab whose store was taken is told so, though it writes nothing", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    const busy = first.evaluate(() => {
      window.lab.block();
    });
    await second.bringToFront();
    await second.evaluate(() => window.lab.openLater());
    assert.deepEqual(await second.evaluate(() => window.lab.opened()), { store: "indexeddb", fallback: undefined });
    block.end();
    await busy;
    await first.evaluate(() => window.lab.connectionUntil("store_in_use"));
  });
});

test("a tab that answers keeps its store, however long another one waits", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    await second.bringToFront();
    await second.evaluate(() => window.lab.openLater());
    // More often than a holder may leave it unanswered.
    assert.equal(await second.evaluate(() => window.lab.answered("tidings/default/ada", 10)), "answered");
    await first.evaluate(() => window.lab.createGroup("First"));
    await first.close();
    assert.deepEqual(await second.evaluate(() => window.lab.opened()), { store: "indexeddb", fallback: undefined });
    assert.deepEqual(await second.evaluate(() => window.lab.names()), ["First"]);
  });
});

test("of two who have a store open the newer one alone writes", async () => {
  await withPage(async (page) => {
    assert.deepEqual(await page.evaluate(() => window.lab.twice("twice")), {
      answers: [{ failed: "storage_blocked" }, "written", "written"],
      keys: ["a", "b"],
      taken: 1,
    });
  });
});

test("a database that the browser closes by force is opened again, and what was asked of it is done", async () => {
  await withPage(async (page, context) => {
    await page.evaluate(() => window.lab.open());
    const conversation = await page.evaluate(() => window.lab.createGroup("Walks"));
    const internals = await context.newPage();
    for (const [at, text] of ["Sunday?", "At ten."].entries()) {
      await internals.goto("chrome://indexeddb-internals");
      await internals.locator(".force-close").first().click();
      await internals.locator(".connection-count").filter({ hasText: "0" }).first().waitFor();
      assert.equal(await page.evaluate(([to, text]) => window.lab.send(to, text), [conversation, text] as const), undefined);
      assert.equal(await page.evaluate(() => window.lab.unsynced()), 2 + at);
    }
    await load(page);
    await page.evaluate(() => window.lab.open());
    const texts = await page.evaluate((conversation) => window.lab.texts(conversation, 2), conversation);
    assert.deepEqual(texts, ["Sunday?", "At ten."]);
  });
});

test("a page that is busy while it opens its store does not take it for another's", async () => {
  await withPage(async (page) => {
    const opened = await page.evaluate(() => window.lab.openBusy(1500));
    assert.deepEqual(opened, { store: "indexeddb", fallback: undefined });
  });
});

test("a client that is closed lets its store go", async () => {
  await withPage(async (page) => {
    await page.evaluate(() => window.lab.open());
    await page.evaluate(() => window.lab.createGroup("Before"));
    await page.evaluate(() => window.lab.close());
    assert.deepEqual(await page.evaluate(() => window.lab.open()), { store: "indexeddb", fallback: undefined });
    assert.deepEqual(await page.evaluate(() => window.lab.names()), ["Before"]);
  });
});

test("a worker runs a client as a page does", async () => {
  await withPage(async (page) => {
    assert.equal(await page.evaluate(() => window.lab.inWorker("of-a-worker")), "indexeddb, 2 unsynced");
  });
});

test("without IndexedDB a client keeps its state in memory, and says why", async () => {
  await withPage(async (page, context) => {
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, "indexedDB", { value: undefined });
    });
    await load(page);
    assert.deepEqual(await page.evaluate(() => window.lab.open()), { store: "memory", fallback: "storage_gone" });
    await page.evaluate(() => window.lab.createGroup("In memory"));
    const refused = { name: "TidingsError", code: "storage_gone", retryable: false };
    assert.deepEqual(await page.evaluate(() => window.lab.open({ store: "indexeddb" })), refused);
  });
});

test("a frame that may not have IndexedDB falls back to memory, and says why", async () => {
  await withPage(async (page, context) => {
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException("access is denied in this context", "SecurityError");
      };
    });
    await load(page);
    assert.deepEqual(await page.evaluate(() => window.lab.open()), { store: "memory", fallback: "storage_blocked" });
  });
});

test("e14 a module that traps is made anew, and goes on from IndexedDB", async () => {
  await withPage(async (page) => {
    await page.evaluate(() => window.lab.open());
    const conversation = await page.evaluate(() => window.lab.createGroup("Walks"));
    await page.evaluate((conversation) => window.lab.send(conversation, "before"), conversation);
    const { caught, told } = await page.evaluate(() => window.lab.trap());
    assert.deepEqual(caught, { name: "TidingsError", code: "engine_stopped", retryable: true });
    assert.deepEqual(told, ["engine_stopped", undefined]);
    assert.equal(await page.evaluate(() => window.lab.unsynced()), 2);
    await page.evaluate((conversation) => window.lab.send(conversation, "after"), conversation);
    const texts = await page.evaluate((conversation) => window.lab.texts(conversation, 2), conversation);
    assert.deepEqual(texts, ["before", "after"]);
  });
});

test("a database that is deleted meanwhile is gone", async () => {
  await withPage(async (page) => {
    const answers = await page.evaluate(() => window.lab.deleted("deleted"));
    assert.deepEqual(answers, ["written", { failed: "storage_gone" }, { failed: "storage_gone" }]);
    // No empty one stands in for it.
    assert.equal(await page.evaluate(() => window.lab.exists("deleted")), false);
  });
});

test("a full disk refuses the command, says so, and recovers with all that was kept", async () => {
  await withPage(async (page, context) => {
    const devtools = await context.newCDPSession(page);
    const { origin } = new URL(address);
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 200_000 });
    await page.evaluate(() => window.lab.open());
    const conversation = await page.evaluate(() => window.lab.createGroup("Kept"));
    const { sent, refused } = await page.evaluate((to) => window.lab.fill(to), conversation);
    assert.deepEqual(refused, { name: "TidingsError", code: "storage_full", retryable: true });
    assert.ok(sent > 0);
    assert.equal(await page.evaluate(() => window.lab.unsynced()), sent + 1);

    const recovered = page.evaluate(() => window.lab.storageNews(undefined));
    await devtools.send("Storage.overrideQuotaForOrigin", { origin });
    await recovered;
    assert.equal(await page.evaluate((to) => window.lab.send(to, "fits"), conversation), undefined);
    await load(page);
    await page.evaluate(() => window.lab.open());
    assert.equal(await page.evaluate(() => window.lab.unsynced()), sent + 2);
  });
});
