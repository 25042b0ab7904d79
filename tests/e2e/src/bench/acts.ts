/**
 * What a device does while it is measured. A browser is given these functions
 * as text, and Node.js calls them: so each brings along all that it needs, and
 * leaves what the next one needs in `globalThis.bench`.
 */
import type { Client, MemoryStore } from "tidings";

/** The device whose turn it is. */
export interface Device {
  readonly client: Client;
  /** The module's memory; none when another device had loaded the module before. */
  readonly memory: WebAssembly.Memory | undefined;
}

declare global {
  var bench: Device | undefined;
}

/** Where a device keeps its state, and who it is. */
export interface DeviceOptions {
  readonly url: string;
  readonly account: string;
  readonly token: string;
  /** IndexedDB under this name, or this store. */
  readonly store: string | MemoryStore;
}

/** When what happened in a start, on the clock of the page or the process; ms. */
export interface Start {
  /** The scripts of the package have run. */
  readonly imported: number;
  /** The module is fetched, compiled and instantiated. */
  readonly loaded: number;
  /** The database is open; only where there is one. It is opened while the module is loaded. */
  readonly opened: number | undefined;
  /** What a start needs is read from it. */
  readonly read: number | undefined;
  /** The app has the newest rows. */
  readonly rows: number;
  /** The frame that shows them is behind us; only where there is a screen. */
  readonly painted: number | undefined;
  /** A listener has every row. */
  readonly all: number;
}

/** Starts a device as an app does, until its list of conversations is on the screen, and all of it is there. */
export async function start(options: DeviceOptions): Promise<Start> {
  /** As many rows of the list as a screen has room for. */
  const SCREEN_ROWS = 30;
  const { Client, init } = await import("tidings");
  const imported = performance.now();
  let memory: WebAssembly.Memory | undefined;
  let opened: number | undefined;
  let read: number | undefined;
  const { Instance } = WebAssembly;
  for (const name of ["instantiate", "instantiateStreaming"] as const) {
    const instantiate = WebAssembly[name] as (...given: unknown[]) => Promise<unknown>;
    Object.defineProperty(WebAssembly, name, {
      value: async (...given: unknown[]) => {
        const made = await instantiate.apply(WebAssembly, given);
        const instance = made instanceof Instance ? made : (made as WebAssembly.WebAssemblyInstantiatedSource).instance;
        memory = instance.exports["memory"] as WebAssembly.Memory;
        return made;
      },
    });
  }
  if (typeof IDBDatabase !== "undefined") {
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...given) {
      opened ??= performance.now();
      const made = transaction.apply(this, given);
      made.addEventListener("complete", () => (read ??= performance.now()));
      return made;
    };
  }
  // The store opens meanwhile.
  const loading = init().then(() => performance.now());
  const { store, token } = options;
  /** Shows rows; when the app had them, and when they were on the screen. */
  const show = async (rows: readonly { name: string; unread: number }[]): Promise<[number, number | undefined]> => {
    const delivered = performance.now();
    if (typeof document === "undefined") {
      return [delivered, undefined];
    }
    const list = document.createElement("ul");
    for (const { name, unread } of rows.slice(0, SCREEN_ROWS)) {
      list.appendChild(document.createElement("li")).textContent = `${name} ${unread}`;
    }
    document.body.append(list);
    const frame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => resolve()));
    // The second one begins when the first has been painted.
    await frame();
    await frame();
    return [delivered, performance.now()];
  };
  let first: ReturnType<typeof show> | undefined;
  const client = await Client.open({
    ...options,
    token: () => token,
    onFirstRows: (rows) => (first = show(rows)),
    ...(typeof store === "string" ? { store: "indexeddb", storeName: store } : { store }),
  });
  const loaded = await loading;
  const rows = await new Promise<readonly { name: string; unread: number }[]>((resolve) => {
    client.conversations((change) => {
      if (change.rows.length > 0) {
        resolve(change.rows);
      }
    });
  });
  const all = performance.now();
  const [delivered, painted] = await (first ?? show(rows));
  globalThis.bench = { client, memory };
  return { imported, loaded, opened, read, rows: delivered, painted, all };
}

/** Waits until the server has told everything, and answered everything. */
export async function settle(count: number): Promise<void> {
  const { client } = globalThis.bench as Device;
  await new Promise<void>((resolve) => {
    let shown = 0;
    const look = (): void => {
      if (shown >= count && client.unsynced === 0 && client.connection.type === "online") {
        resolve();
      }
    };
    client.onConnection(look);
    client.onUnsynced(look);
    client.conversations(({ rows }) => {
      shown = rows.length;
      look();
    });
  });
}

/** How long a conversation took to open; ms. */
export interface Opening {
  /** Until a listener had its newest rows. */
  readonly rows: number;
  /** Until its documents were loaded, so that it can be written to. */
  readonly whole: number;
}

/** Opens a conversation, and closes it again when everything of it is there. */
export async function open(conversation: string): Promise<Opening> {
  /** As many as a timeline begins with. */
  const ROWS = 50;
  const { client } = globalThis.bench as Device;
  const begun = performance.now();
  const subscriptions: { close(): void }[] = [];
  const rows = new Promise<number>((resolve) => {
    const timeline = client.timeline(conversation, ({ rows }) => {
      if (rows.length >= ROWS) {
        resolve(performance.now() - begun);
      }
    });
    subscriptions.push(timeline);
  });
  const whole = new Promise<number>((resolve) => {
    subscriptions.push(client.conversation(conversation, () => resolve(performance.now() - begun)));
  });
  const opening = { rows: await rows, whole: await whole };
  for (const subscription of subscriptions) {
    subscription.close();
  }
  return opening;
}

/** Opens the direct with somebody, on the screen too. */
export async function direct(peer: string): Promise<string> {
  const { client } = globalThis.bench as Device;
  const { conversation = "" } = await client.createDirect(peer);
  client.timeline(conversation, () => undefined);
  return conversation;
}

/** Messages that are sent one after another. */
export interface Sending {
  readonly conversation: string;
  readonly count: number;
  /** How long after each; none unless given. */
  readonly pauseMs?: number;
}

/** Sends messages, each when the one before is stored; with a network until the server has them. */
export async function send({ conversation, count, pauseMs }: Sending): Promise<void> {
  const { client } = globalThis.bench as Device;
  for (let index = 0; index < count; index += 1) {
    await client.sendMessage(conversation, `message ${index}: as many characters as somebody writes in a line`);
    if (pauseMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (client.connection.type === "off" || client.unsynced === 0) {
        resolve();
      }
    };
    client.onUnsynced(look);
    look();
  });
}

/** Turns the network switch, and waits until the connection is so. */
export async function setNetwork(on: boolean): Promise<void> {
  const { client } = globalThis.bench as Device;
  await new Promise<void>((resolve) => {
    const stop = client.onConnection(({ type }) => {
      if (type === (on ? "online" : "off")) {
        stop();
        resolve();
      }
    });
    client.setNetwork(on);
  });
}

/** Closes the device, with all that it has stored. */
export async function close(): Promise<void> {
  await globalThis.bench?.client.close();
}
