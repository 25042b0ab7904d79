/** The package in a real Chromium: IndexedDB, Web Locks, workers. */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, test } from "node:test";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { launch, serve } from "./chromium.js";
import type {} from "./page.js";

let browser: Browser;
let server: Server;
let address: string;

before(async () => {
  ({ server, page: address } = await serve());
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

test("a second tab on one store is told so, and gets it when the first is closed", async () => {
  await withPage(async (first, context) => {
    const second = await openPage(context);
    await first.evaluate(() => window.lab.open());
    await first.evaluate(() => window.lab.createGroup("First"));
    const refused = { name: "TidingsError", code: "store_in_use", retryable: true };
    assert.deepEqual(await second.evaluate(() => window.lab.open()), refused);
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
