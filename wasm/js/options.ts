/** The options of a client. */
import type { Cause, ConversationRow } from "../pkg/tidings.js";
import type { WebSocketConstructor } from "./platform.js";
import type { MemoryStore } from "./store/memory.js";

/** The argument of the token callback. */
export interface TokenRequest {
  /**
   * Why the server rejected the last token: a code, and detail for developers. Undefined if it was
   * not rejected.
   */
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
  /** The tenant, as the token says too; `default` if not given. */
  tenant?: string;
  /**
   * Returns a bearer token that is valid now; called whenever the client connects. If it throws,
   * rejects or returns anything else, `Client.onTokenError` and the console report why, and it is
   * called again later.
   */
  token: (request: TokenRequest) => Promise<string> | string;
  /**
   * Where the client keeps its state. By default in IndexedDB, or in memory if there is none,
   * which `Client.storeFallback` then reports; `indexeddb` rejects instead. A `MemoryStore` object
   * can be opened again after a close.
   */
  store?: "indexeddb" | "memory" | MemoryStore;
  /**
   * True to judge every entry that the server admitted again, by the same rules, and to report to
   * `Client.onServerFault` those that it should have refused. They are applied all the same, so
   * that every device shows the same.
   */
  verify?: boolean;
  /**
   * Number of conversations to fetch ahead, by newest activity, so that they can be read without a
   * network: 50 by default, 0 for none. In all others, what was never opened on this device is
   * `unreachable` offline.
   */
  prefetchConversations?: number;
  /**
   * What to do while another tab or worker has the store open: `wait` (the default) until it
   * is closed, frozen or kept for the back button, or stops answering; or `reject` with
   * `store_in_use`. A `MemoryStore` that another client in the same page has open is not
   * waited for.
   */
  whenInUse?: "wait" | "reject";
  /** Called at once when the store is open elsewhere, before waiting for it. */
  onStoreInUse?: () => void;
  /** Ends the wait for a store that is open elsewhere: `Client.open` then rejects with `store_in_use`. */
  signal?: AbortSignal;
  /** The name of the IndexedDB store; derived from tenant and account by default. */
  storeName?: string;
  /**
   * Receives the newest rows of the conversation list, in order, as they were shortly before the
   * last session ended: for the first paint, before the whole store is read. They are valid until
   * `Client.conversations` reports the list.
   */
  onFirstRows?: (rows: readonly ConversationRow[]) => void;
  /** The WebSocket constructor; the platform's own by default. */
  webSocket?: WebSocketConstructor;
}
