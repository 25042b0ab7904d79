/** Finds and opens the store for a client's state. */
import type { Code } from "../pkg/tidings.js";
import { failureOf } from "./init.js";
import { acquireLock, type Release } from "./lock.js";
import type { ClientOptions } from "./options.js";
import { currentPlatform } from "./platform.js";
import { OpenError } from "./store/database.js";
import { IndexedDbStore } from "./store/indexeddb.js";
import { MemoryStore } from "./store/memory.js";
import type { Store } from "./store/store.js";

/** An open store, held for one client. */
export interface OpenStore {
  readonly store: Store;
  /** The reason why memory is used instead of IndexedDB. */
  readonly fallback: Code | undefined;
  /** Releases the store for others. */
  readonly release: Release;
  /** True if others can open it: it may be lost to them, and a frozen page releases it. */
  readonly isShared: boolean;
}

/** Callbacks about a store that others can open. */
export interface StoreNews {
  /** Another one has taken it, possibly a while ago. */
  onLost(): void;
  /** Ends the wait for it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the store, even while the module is still being loaded. Rejects with `store_in_use`, or
 * with a `storage_*` code.
 */
export async function openStore(options: ClientOptions, news: StoreNews): Promise<OpenStore> {
  const { store } = options;
  if (typeof store === "object" || store === "memory") {
    return openMemory(store === "memory" ? new MemoryStore() : store);
  }
  if (globalThis.indexedDB === undefined) {
    if (store === "indexeddb") {
      throw await failureOf("storage_gone", "there is no IndexedDB here");
    }
    return openMemory(new MemoryStore(), currentPlatform().isBrowser ? "storage_gone" : undefined);
  }
  const name = `tidings/${options.storeName ?? `${options.tenant ?? "default"}/${options.account}`}`;
  const release = await acquireLock(name, {
    onBusy: () => {
      options.onStoreInUse?.();
      return options.whenInUse !== "reject";
    },
    onLost: news.onLost,
    signal: news.signal,
  });
  if (release === undefined) {
    throw await failureOf("store_in_use", "another tab or worker has this store open");
  }
  try {
    const opened = await IndexedDbStore.open(name, news.onLost);
    return { store: opened, fallback: undefined, release, isShared: true };
  } catch (error) {
    release();
    const code = error instanceof OpenError ? error.code : "storage_corrupt";
    if (store === undefined && error instanceof OpenError && error.isUnavailable) {
      return openMemory(new MemoryStore(), code);
    }
    throw await failureOf(code, error instanceof Error ? error.message : "", { cause: error });
  }
}

async function openMemory(store: MemoryStore, fallback?: Code): Promise<OpenStore> {
  if (!store.open()) {
    throw await failureOf("store_in_use", "another client has this store open");
  }
  return { store, fallback, release: () => undefined, isShared: false };
}
