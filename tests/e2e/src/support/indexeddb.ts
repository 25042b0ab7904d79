/** What a device keeps in IndexedDB, read and changed behind the app's back. */
import type { BrowserContext, Page } from "playwright-core";

import type { Network } from "./network.js";

/** The stored records, by key. */
export type Records = Record<string, number[]>;

/** Opens a page of the app's origin without the app, and does something with what is stored there. */
export async function withStore<T>(
  context: BrowserContext,
  network: Network,
  act: (page: Page) => Promise<T>,
): Promise<T> {
  const page = await context.newPage();
  const address = `${network.url}/without-the-app`;
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
  await page.goto(address);
  try {
    return await act(page);
  } finally {
    await page.close();
  }
}

/** Every record. */
export function readRecords(page: Page): Promise<Records> {
  return page.evaluate(async () => {
    const [{ name = "" } = {}] = await indexedDB.databases();
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => {
        resolve(opening.result);
      };
    });
    const store = database.transaction("records").objectStore("records");
    const [keys, values] = [store.getAllKeys(), store.getAll()];
    await new Promise((resolve) => {
      store.transaction.oncomplete = resolve;
    });
    database.close();
    const text = (key: IDBValidKey): string => new TextDecoder().decode(key as ArrayBuffer);
    return Object.fromEntries(keys.result.map((key, index) => [text(key), [...(values.result[index] as Uint8Array)]]));
  });
}

/** Puts these records in place of every record. */
export async function replaceRecords(page: Page, records: Records): Promise<void> {
  await page.evaluate(async (records) => {
    const [{ name = "" } = {}] = await indexedDB.databases();
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => {
        resolve(opening.result);
      };
    });
    const store = database.transaction("records", "readwrite").objectStore("records");
    store.clear();
    for (const [key, value] of Object.entries(records)) {
      store.put(new Uint8Array(value), new TextEncoder().encode(key));
    }
    await new Promise((resolve) => {
      store.transaction.oncomplete = resolve;
    });
    database.close();
  }, records);
}
