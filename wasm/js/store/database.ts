/**
 * One IndexedDB database with one object store. Keys are kept as their bytes in
 * UTF-8, because IndexedDB orders bytes as the core does, and text otherwise.
 */
import type { StorageCode, StorageRecord, Write } from "../../pkg/tidings.js";

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

/** The records of one database. What fails rejects with an error that `codeOf` knows. */
export class RecordDatabase {
  readonly #database: IDBDatabase;

  /**
   * Opens the database of this name, and makes it if there is none. Rejects with an `OpenError`.
   * `onDeleted` is called when another page deletes it meanwhile.
   */
  static open(factory: IDBFactory, name: string, onDeleted: () => void = () => undefined): Promise<RecordDatabase> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(new OpenError(codeOf(error), `the database ${name} cannot be opened`, error));
      };
      let opening: IDBOpenDBRequest;
      try {
        opening = factory.open(name, VERSION);
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
        resolve(new RecordDatabase(opening.result, onDeleted));
      };
      opening.onerror = () => {
        fail(opening.error);
      };
    });
  }

  private constructor(database: IDBDatabase, onDeleted: () => void) {
    this.#database = database;
    // Another page wants to delete or upgrade the database: what is asked of a
    // closed one is answered with `storage_gone`.
    database.onversionchange = ({ newVersion }) => {
      database.close();
      if (newVersion === null) {
        onDeleted();
      }
    };
  }

  /** The records whose keys begin with any of these. */
  async read(prefixes: readonly string[]): Promise<StorageRecord[]> {
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

  /** Carries out all of these or none. With `strict` they are on the disk then, else with the system. */
  async write(writes: readonly Write[], durability: "strict" | "relaxed"): Promise<void> {
    const transaction = this.#database.transaction(RECORDS, "readwrite", { durability });
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

  /** Lets the database go. */
  close(): void {
    this.#database.close();
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

/** What an error of IndexedDB means. */
export function codeOf(error: unknown): StorageCode {
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
function disjointPrefixes(prefixes: readonly string[]): string[] {
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
