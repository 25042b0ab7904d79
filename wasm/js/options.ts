/** What a client is opened with. */
import type { Cause, ConversationRow } from "../pkg/tidings.js";
import type { WebSocketConstructor } from "./platform.js";
import type { MemoryStore } from "./store/memory.js";

/** What the app is told when it is asked for a token. */
export interface TokenRequest {
  /** Why the server did not take the last token: a code, and words for developers. None when it was not refused. */
  readonly reason: Cause | undefined;
}

export interface ClientOptions {
  /**
   * The server: `wss://chat.example.com`, or with `https:`, `ws:`, `http:`. The
   * path `/v1/sync` is added unless another one is given.
   */
  url: string;
  /** The account, as the token says too. */
  account: string;
  /** The tenant, as the token says too; `default` unless told. */
  tenant?: string;
  /**
   * Gives a bearer token that is valid now; asked for whenever the client connects. When it throws, rejects or gives
   * anything else, `Client.onTokenError` and the console tell why, and it is asked again later.
   */
  token: (request: TokenRequest) => Promise<string> | string;
  /**
   * Where the client keeps its state. Unless told: in IndexedDB, or in memory
   * where there is none, which `Client.storeFallback` then tells. `indexeddb`
   * rejects instead. A `MemoryStore` object can be opened again after a close.
   */
  store?: "indexeddb" | "memory" | MemoryStore;
  /**
   * Whether to decide anew about every entry that the server admitted, by the
   * same rules, and to tell `Client.onServerFault` of those that it should have
   * refused. They are applied all the same, so that every device shows the same.
   */
  verify?: boolean;
  /**
   * How many conversations are fetched ahead, those of the newest activity, so that
   * they can be read without a network: 50 unless told, 0 for none. In all others
   * what was never opened on this device is `unreachable` offline.
   */
  prefetchConversations?: number;
  /**
   * What to do while another tab or worker has the store open: `wait`, which it does unless told, until that one is
   * closed, goes into the background for good (frozen, or kept for the back button), or answers no more; or `reject`
   * with `store_in_use`. Another client in the same page that has a `MemoryStore` open is not waited for.
   */
  whenInUse?: "wait" | "reject";
  /** Called at once when the store is open elsewhere, before that is waited for. */
  onStoreInUse?: () => void;
  /** Ends the wait for a store that is open elsewhere: `Client.open` rejects with `store_in_use`. */
  signal?: AbortSignal;
  /** The name of the IndexedDB store; derived from tenant and account unless told. */
  storeName?: string;
  /**
   * Takes the newest rows of the list of conversations, in order, as they were a
   * moment before the last session ended: for the first paint, before all of what
   * is stored is read. They stand until `Client.conversations` tells of the list.
   */
  onFirstRows?: (rows: readonly ConversationRow[]) => void;
  /** What connects; the platform's own `WebSocket` unless told. */
  webSocket?: WebSocketConstructor;
}
