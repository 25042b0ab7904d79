/**
 * The store in IndexedDB: one database per store, one object store in it. Keys
 * are kept as their bytes in UTF-8, because IndexedDB orders bytes as the core
 * does, and text otherwise.
 */
import type { StorageAnswer, StorageCode, StorageRecord, StorageRequest, Write } from "../../pkg/tidings.js";
import type { Store } from "./store.js";

const VERSION = 1;
const RECORDS = "records";

/** Made once: a start reads a thousand keys. */
const KEY_DECODER = new TextDecoder("utf-8", { fatal: true });

/** Names of errors of `open` where a page may not have a database. */
const UNAVAILABLE = ["SecurityError", "NotAllowedError", "InvalidStateError"];

/** A database that could not be opened, with the code that says why. */
export class OpenError extends Error {
  override readonly name = "OpenError";

  readonly code: StorageCode;

  /** Whether this page has no IndexedDB at all, as in a sandboxed frame or some private windows. */
  readonly isUnavailable: boolean;

  constructor(code: StorageCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.isUnavailable = cause instanceof Error && UNAVAILABLE.includes(cause.name);
  }
}

/** Records in an IndexedDB database. */
export class IndexedDbStore implements Store {
  readonly kind = "indexeddb";
  readonly #database: IDBDatabase;

  /** Opens the database of this name, and makes it if there is none. Rejects with an `OpenError`. */
  static async open(name: string): Promise<IndexedDbStore> {
    const store = new IndexedDbStore(await openDatabase(name));
    // Asks that the records outlive a shortage of space; the answer changes nothing here.
    void globalThis.navigator?.storage?.persist?.().catch(() => undefined);
    return store;
  }

  private constructor(database: IDBDatabase) {
    this.#database = database;
    // Another page wants to delete or upgrade the database: what is asked of a
    // closed one is answered with `storage_gone`.
    database.onversionchange = () => {
      database.close();
    };
  }

  async run(request: StorageRequest): Promise<StorageAnswer> {
    try {
      switch (request.type) {
        case "read":
          return { records: await this.#read(request.prefixes) };
        case "write":
          await this.#write(request.writes);
          return "written";
      }
    } catch (error) {
      return { failed: codeOf(error) };
    }
  }

  close(): void {
    this.#database.close();
  }

  async #read(prefixes: string[]): Promise<StorageRecord[]> {
    const ranges = disjointPrefixes(prefixes).map(rangeOf);
    if (ranges.length === 0) {
      return [];
    }
    const transaction = this.#database.transaction(RECORDS, "readonly");
    const records = transaction.objectStore(RECORDS);
    const reads = ranges.map((range) => ({ keys: records.getAllKeys(range), values: records.getAll(range) }));
    await completion(transaction);
    return reads.flatMap(({ keys, values }) => keys.result.map((key, index) => record(key, values.result[index])));
  }

  async #write(writes: Write[]): Promise<void> {
    const transaction = this.#database.transaction(RECORDS, "readwrite", { durability: "strict" });
    const completed = completion(transaction);
    try {
      const records = transaction.objectStore(RECORDS);
      for (const write of writes) {
        apply(records, write);
      }
      transaction.commit();
    } catch (error) {
      // Nothing of it must be written; the promise is settled all the same.
      completed.catch(() => undefined);
      transaction.abort();
      throw error;
    }
    await completed;
  }
}

function apply(records: IDBObjectStore, write: Write): void {
  switch (write.type) {
    case "put":
      records.put(write.value, encode(write.key));
      break;
    case "delete":
      records.delete(encode(write.key));
      break;
    case "delete_prefix": {
      const range = rangeOf(write.prefix);
      if (range === undefined) {
        records.clear();
      } else {
        records.delete(range);
      }
      break;
    }
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(new OpenError(codeOf(error), `the database ${name} cannot be opened`, error));
    };
    let opening: IDBOpenDBRequest;
    try {
      opening = indexedDB.open(name, VERSION);
    } catch (error) {
      fail(error);
      return;
    }
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(RECORDS);
    };
    opening.onblocked = () => {
      reject(new OpenError("storage_blocked", `the database ${name} is held by another page`));
      opening.onsuccess = () => {
        opening.result.close();
      };
    };
    opening.onsuccess = () => {
      resolve(opening.result);
    };
    opening.onerror = () => {
      fail(opening.error);
    };
  });
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      // A database that is closed by force aborts without an error.
      reject(transaction.error ?? new DOMException("the transaction was aborted", "InvalidStateError"));
    };
  });
}

function codeOf(error: unknown): StorageCode {
  switch (error instanceof Error ? error.name : "") {
    case "QuotaExceededError":
      return "storage_full";
    case "SecurityError":
    case "NotAllowedError":
    case "TimeoutError":
    case "VersionError":
      return "storage_blocked";
    case "InvalidStateError":
    case "NotFoundError":
    case "AbortError":
      return "storage_gone";
    default:
      return "storage_corrupt";
  }
}

function record(key: IDBValidKey, value: unknown): StorageRecord {
  if (!(key instanceof ArrayBuffer) || !(value instanceof Uint8Array)) {
    throw new TypeError("a record that this package did not write");
  }
  return { key: KEY_DECODER.decode(key), value: value as Uint8Array<ArrayBuffer> };
}

function encode(key: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(key);
}

/** The prefixes by rising key, without those that another one covers. */
function disjointPrefixes(prefixes: string[]): string[] {
  const disjoint = prefixes.filter(
    (prefix, index) =>
      !prefixes.some((other, at) => prefix.startsWith(other) && (other !== prefix || at < index)),
  );
  return disjoint
    .map((prefix) => ({ prefix, bytes: encode(prefix) }))
    .sort((a, b) => indexedDB.cmp(a.bytes, b.bytes))
    .map(({ prefix }) => prefix);
}

/** The keys that begin with a prefix; none for every key. */
function rangeOf(prefix: string): IDBKeyRange | undefined {
  if (prefix === "") {
    return undefined;
  }
  const first = encode(prefix);
  const behind = encode(prefix);
  // UTF-8 has no byte 0xff, so the last byte can always be one more.
  behind[behind.length - 1] = (behind.at(-1) ?? 0) + 1;
  return IDBKeyRange.bound(first, behind, false, true);
}
