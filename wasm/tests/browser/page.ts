/** What runs in the page: the package under `window.lab`, driven by the tests in Node.js. */
import * as tidings from "tidings";
import type { Client, ClientOptions } from "tidings";

import loadModule, { Contract, type StorageAnswer, type StorageRequest } from "#testing";

/** What an error is to a test. */
export interface Caught {
  readonly name: string;
  readonly code: string;
  readonly retryable: boolean;
}

/** The part of a store that the suite needs. */
interface AnyStore {
  run(request: StorageRequest): Promise<StorageAnswer>;
  close(): void;
}

/** The part of the Storage Buckets API that the suite needs. */
interface BucketNavigator {
  readonly storageBuckets: { open(name: string): Promise<{ readonly indexedDB: IDBFactory }> };
}

/** How long a slow browser takes to open a bucket. */
const SLOW_MS = 300;

const clients: Client[] = [];
let opening: Promise<{ store: string; fallback: string | undefined } | Caught> | undefined;

/** What the tests call. */
const lab = {
  init: tidings.init,

  /** Opens a client; where its state is, or what went wrong. */
  async open(options: Partial<ClientOptions> = {}): Promise<{ store: string; fallback: string | undefined } | Caught> {
    const url = "ws://127.0.0.1:1";
    try {
      const client = await tidings.Client.open({ url, account: "ada", token: () => "none", ...options });
      clients.push(client);
      return { store: client.store, fallback: client.storeFallback };
    } catch (error) {
      return caught(error);
    }
  },

  /** Opens a client while the page is too busy to hear of anything for as long as told. */
  openBusy(busyMs: number): Promise<{ store: string; fallback: string | undefined } | Caught> {
    // With a WebSocket given the lock is asked for before this returns.
    const opened = lab.open({ webSocket: WebSocket });
    const end = performance.now() + busyMs;
    while (performance.now() < end) {
      continue;
    }
    return opened;
  },

  async close(): Promise<void> {
    await clients.pop()?.close();
  },

  /** Opens a client, and resolves when it says that it waits for another tab; `opened` tells when it is open. */
  openLater(): Promise<void> {
    return new Promise((resolve) => {
      opening = lab.open({ onStoreInUse: resolve });
    });
  },

  opened(): Promise<{ store: string; fallback: string | undefined } | Caught> | undefined {
    return opening;
  },

  connection(): string {
    return current().connection.type;
  },

  connectionUntil(isWanted: "store_in_use" | "another"): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if ((lab.connection() === "store_in_use") === (isWanted === "store_in_use")) {
          stop();
          resolve();
        }
      };
      const stop = current().onConnection(look);
      look();
    });
  },

  /** Resolves when the holder of a store's lock was asked so many times, or when the client that waits for it is open. */
  answered(store: string, times: number): Promise<"answered" | "opened"> {
    const channel = new BroadcastChannel(`${store} lock`);
    const asked = new Promise<"answered">((resolve) => {
      let left = times;
      channel.onmessage = ({ data }: MessageEvent<string>) => {
        left -= data === "asked" ? 1 : 0;
        if (left === 0) {
          resolve("answered");
        }
      };
    });
    const opened = Promise.resolve(opening).then(() => "opened" as const);
    return Promise.race([asked, opened]).finally(() => {
      channel.close();
    });
  },

  /** Runs nothing else until the test says so. */
  block(): void {
    const request = new XMLHttpRequest();
    request.open("GET", "/block", false);
    request.send();
  },

  /** The same, and then makes a group before it hears of anything; what went wrong. */
  async blockThenCreate(title: string): Promise<Caught | undefined> {
    lab.block();
    try {
      await current().createGroup({ title, members: [] });
      return undefined;
    } catch (error) {
      return caught(error);
    }
  },

  /** Deletes a store's database, as a browser does that finds it corrupt. */
  loseDatabase(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const deleting = indexedDB.deleteDatabase(name);
      deleting.onsuccess = () => {
        resolve();
      };
      deleting.onerror = () => {
        reject(deleting.error ?? new Error("not deleted"));
      };
    });
  },

  /** Has the browser collect what nothing refers to, as it does some time. */
  async collectGarbage(): Promise<void> {
    const { gc } = globalThis as unknown as { gc(options: { type: "major"; execution: "async" }): Promise<void> };
    await gc({ type: "major", execution: "async" });
  },

  /** Makes a group; its id. */
  async createGroup(title: string): Promise<string> {
    return (await current().createGroup({ title, members: ["bob"] })).conversation ?? "";
  },

  async send(conversation: string, text: string): Promise<Caught | undefined> {
    try {
      await current().sendMessage(conversation, text);
      return undefined;
    } catch (error) {
      return caught(error);
    }
  },

  /** The texts of a timeline, as soon as it has so many. */
  texts(conversation: string, count: number): Promise<string[]> {
    return new Promise((resolve) => {
      current().timeline(conversation, ({ rows }) => {
        if (rows.length === count) {
          resolve(rows.map((row) => tidings.textOf(row.content)));
        }
      });
    });
  },

  names(): string[] {
    let names: string[] = [];
    current()
      .conversations(({ rows }) => {
        names = rows.map((row) => row.name);
      })
      .close();
    return names;
  },

  unsynced(): number {
    return current().unsynced;
  },

  /** Sends until a message is refused and the store says that it is full. */
  async fill(conversation: string): Promise<{ sent: number; refused: Caught }> {
    const told = lab.storageNews("storage_full");
    for (let sent = 0; sent < 2_000; sent += 1) {
      const refused = await lab.send(conversation, "x".repeat(4_000));
      if (refused !== undefined) {
        await told;
        return { sent, refused };
      }
    }
    throw new Error("nothing was refused");
  },

  /** Has the module stop in the middle of a command; what the command and the client said of it. */
  async trap(): Promise<{ caught: Caught; told: (string | undefined)[] }> {
    const told: (string | undefined)[] = [];
    const isBack = new Promise<void>((resolve) => {
      current().onEngine((code) => {
        told.push(code);
        if (code === undefined) {
          resolve();
        }
      });
    });
    // What is thrown into the module from outside leaves it as a panic does.
    const { getRandomValues } = crypto;
    crypto.getRandomValues = () => {
      throw new Error("no entropy");
    };
    const command = current().createGroup({ members: [] });
    crypto.getRandomValues = getRandomValues;
    const error: unknown = await command.catch((error: unknown) => error);
    await isBack;
    return { caught: caught(error), told };
  },

  /** Waits until the store fails with a code, or works again with none. */
  storageNews(wanted: string | undefined): Promise<void> {
    return new Promise((resolve) => {
      const stop = current().onStorage((code) => {
        if (code === wanted) {
          stop();
          resolve();
        }
      });
    });
  },

  /** Runs the core's suite on IndexedDB; the steps it took, or what was wrong. */
  async contract(name: string): Promise<number | string> {
    await loadModule({ module_or_path: "/pkg-testing/tidings_bg.wasm" });
    const store = await openStore(name);
    const contract = new Contract();
    let steps = 0;
    for (let step = contract.nextStep(); step !== undefined; step = contract.nextStep()) {
      const wrong = contract.check(await store.run(step.request));
      if (wrong !== undefined) {
        return `${step.name}: ${wrong}`;
      }
      steps += 1;
    }
    store.close();
    return steps;
  },

  /** How writes of these keys, each by itself, are to be kept before they are answered. */
  async durabilities(name: string, keys: readonly string[]): Promise<(string | undefined)[]> {
    const store = await openStore(name);
    const begin = IDBDatabase.prototype.transaction;
    let asked: string | undefined;
    IDBDatabase.prototype.transaction = function (scope, mode, options) {
      // The second copy has no writers.
      asked = [...scope].includes("writers") ? options?.durability : asked;
      return begin.call(this, scope, mode, options);
    };
    const durabilities = [];
    for (const key of keys) {
      await store.run({ type: "write", writes: [{ type: "put", key, value: new Uint8Array(1) }] });
      durabilities.push(asked);
    }
    IDBDatabase.prototype.transaction = begin;
    store.close();
    return durabilities;
  },

  /**
   * What the second copy of a store has as soon as a write is answered: the first one after the store is opened
   * again, by a browser that is slow to open the copy.
   */
  async copiedLate(name: string): Promise<string[]> {
    await stored(name, "meta", "outbox/1");
    const { storageBuckets } = navigator as unknown as BucketNavigator;
    const open = storageBuckets.open.bind(storageBuckets);
    storageBuckets.open = async (bucket) => {
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      return open(bucket);
    };
    const store = await openStore(name);
    await put(store, "outbox/2");
    storageBuckets.open = open;
    return keysOfCopy(name);
  },

  /** What the second copy of a store has after one of its writes failed, and another did not. */
  async copiedAgain(name: string): Promise<string[]> {
    await stored(name, "meta", "outbox/1");
    const store = await openStore(name);
    await put(store, "outbox/2");
    const begin = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (scope, mode, options) {
      // The second copy has no writers.
      if (mode === "readwrite" && ![...scope].includes("writers")) {
        throw new DOMException("the disk is full", "QuotaExceededError");
      }
      return begin.call(this, scope, mode, options);
    };
    await put(store, "outbox/3");
    IDBDatabase.prototype.transaction = begin;
    await put(store, "outbox/4");
    return keysOfCopy(name);
  },

  /** Two openings of one store: who of them may write, and how often the first was told that it is taken. */
  async twice(name: string): Promise<{ answers: StorageAnswer[]; keys: string[]; taken: number }> {
    let taken = 0;
    const [first, second] = [await openStore(name, () => (taken += 1)), await openStore(name)];
    const put = (key: string): StorageRequest => {
      return { type: "write", writes: [{ type: "put", key, value: new Uint8Array([1]) }] };
    };
    const answers = [await first.run(put("late")), await second.run(put("a")), await second.run(put("b"))];
    const read = await second.run({ type: "read", prefixes: [""] });
    const keys = typeof read === "object" && "records" in read ? read.records.map(({ key }) => key) : [];
    return { answers, keys, taken };
  },

  /** The answers of a store whose database is deleted under it. */
  async deleted(name: string): Promise<StorageAnswer[]> {
    const store = await openStore(name);
    const put: StorageRequest = { type: "write", writes: [{ type: "put", key: "a", value: new Uint8Array([1]) }] };
    const answers = [await store.run(put)];
    await new Promise((resolve) => {
      indexedDB.deleteDatabase(name).onsuccess = resolve;
    });
    answers.push(await store.run(put), await store.run({ type: "read", prefixes: [""] }));
    return answers;
  },

  /** Whether there is a database of this name. */
  async exists(name: string): Promise<boolean> {
    return (await indexedDB.databases()).some((database) => database.name === name);
  },

  /** Opens a client in a worker; what it answers. */
  inWorker(storeName: string): Promise<string> {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    return new Promise((resolve) => {
      worker.onmessage = (event: MessageEvent<string>) => {
        worker.terminate();
        resolve(event.data);
      };
      worker.postMessage(storeName);
    });
  },
};

export type Lab = typeof lab;

declare global {
  interface Window {
    lab: Lab;
  }
}

window.lab = lab;

function current(): Client {
  const client = clients.at(-1);
  if (client === undefined) {
    throw new Error("no client is open");
  }
  return client;
}

function caught(error: unknown): Caught {
  if (!tidings.isTidingsError(error)) {
    throw error;
  }
  return { name: error.name, code: error.code, retryable: error.retryable };
}

/** The store itself is not part of the package's surface. */
async function openStore(name: string, onTaken?: () => void): Promise<AnyStore> {
  const address = "/dist/store/indexeddb.js";
  const module = (await import(address)) as {
    IndexedDbStore: { open(name: string, onTaken?: () => void): Promise<AnyStore> };
  };
  return module.IndexedDbStore.open(name, onTaken);
}

/** Writes records. */
async function put(store: AnyStore, ...keys: string[]): Promise<void> {
  const writes = keys.map((key) => ({ type: "put" as const, key, value: new Uint8Array(1) }));
  await store.run({ type: "write", writes });
}

/** Writes records to a store that is closed after that. */
async function stored(name: string, ...keys: string[]): Promise<void> {
  const store = await openStore(name);
  await put(store, ...keys);
  store.close();
}

/** The keys of the records in the second copy of a store. */
async function keysOfCopy(name: string): Promise<string[]> {
  const { storageBuckets } = navigator as unknown as BucketNavigator;
  const opening = (await storageBuckets.open("tidings")).indexedDB.open(name);
  await new Promise((resolve, reject) => {
    opening.onsuccess = resolve;
    opening.onerror = reject;
  });
  const keys = opening.result.transaction("records").objectStore("records").getAllKeys();
  await new Promise((resolve) => (keys.onsuccess = resolve));
  opening.result.close();
  return keys.result.map((key) => new TextDecoder().decode(key as ArrayBuffer));
}
