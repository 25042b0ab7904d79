// Opens a person's side of the demo: who signs in, where the server is, and the demo's initial
// conversations, so that there is somebody to write to.

import { Client, init } from "tidings";
import moduleUrl from "tidings/wasm?url";

import { isAccount, offerOf, sceneOf, type Offer, type Scene } from "./scene";

/** The page that an address requests: one person's screen, or a scene with several side by side. */
export type Visit =
  | {
      readonly type: "screen";
      readonly account: string;
      readonly device: string | undefined;
      readonly offer: Offer | undefined;
    }
  | { readonly type: "stage"; readonly scene: Scene };

/** Reads the address. */
export function visitOf(address: URL): Visit {
  const account = address.searchParams.get("account");
  if (isAccount(account)) {
    const device = address.searchParams.get("device");
    return { type: "screen", account, device: isAccount(device) ? device : undefined, offer: offerOf(address) };
  }
  return { type: "stage", scene: sceneOf(address) };
}

/** The address of the same person as another device, with a store of its own. */
export function otherDevice(account: string, device: string | undefined): string {
  const next = device === undefined ? 2 : Number(device) + 1;
  return `/?account=${encodeURIComponent(account)}&device=${Number.isSafeInteger(next) ? next : 2}`;
}

/** The name a person starts with. */
export function initialName(account: string): string {
  return account.charAt(0).toUpperCase() + account.slice(1);
}

/** Opens a person's client. Calls `inUse` when it has to wait for another tab to be closed. */
export async function openClient(account: string, device: string | undefined, inUse: () => void): Promise<Client> {
  await init(moduleUrl);
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return Client.open({
    url: `${scheme}//${location.host}/v1/sync`,
    account,
    token: () => fetchToken(account),
    onStoreInUse: inUse,
    ...(device !== undefined && { storeName: `${account}/${device}` }),
  });
}

/**
 * Gives the person a name, and Ann her first two chats, once everything was read; what exists
 * already is left alone.
 */
export function setUp(client: Client): void {
  let loaded = false;
  let empty = true;
  let done = false;
  const proceed = (): void => {
    if (!done && loaded && client.connection.type === "online") {
      done = true;
      stopConnection();
      inbox.close();
      void introduce(client, empty);
    }
  };
  const stopConnection = client.onConnection(proceed);
  const inbox = client.conversations((change) => {
    loaded = true;
    empty = change.rows.length === 0;
    queueMicrotask(proceed);
  });
}

async function introduce(client: Client, empty: boolean): Promise<void> {
  if ((client.profile(client.account)?.displayName ?? "") === "") {
    await client.setProfile({ displayName: initialName(client.account) });
  }
  if (client.account === "ann" && empty) {
    // The direct conversation first, because it is the one that opens by itself.
    await client.createDirect("bob");
    await client.createGroup({ title: "Tidings demo", members: ["bob"] });
  }
}

async function fetchToken(account: string): Promise<string> {
  const response = await fetch(`/dev/token?account=${encodeURIComponent(account)}`, { method: "POST" });
  const body: unknown = response.ok ? await response.json() : undefined;
  if (typeof body === "object" && body !== null && "token" in body && typeof body.token === "string") {
    return body.token;
  }
  throw new Error(`The server gave no token for ${account}.`);
}
