/**
 * One IndexedDB database of records. Keys are kept as their bytes in UTF-8,
 * because IndexedDB orders bytes as the core does, and text otherwise.
 *
 * Beside the records it keeps who writes: each writer has a number, and whoever
 * takes over leaves a mark under the former one's. A transaction of a writer sets
 * that mark itself and takes it away again, which fails as a whole where the mark
 * stands. So a tab that was frozen, and finds out late that another one has the
 * store, writes nothing any more, without an answer being waited for in between.
 */
import type { StorageCode, StorageRecord, Write } from "../../pkg/tidings.js";

const VERSION = 2;
const RECORDS = "records";
const WRITERS = "writers";

/** The key of the current writer's number; that number and former ones are keys themselves. */
const CURRENT = 0;

/** Maximum number of marks of former writers: none of them outlives as many others. */
const FORMER_MAX = 1000;

/** Made once: a start reads a thousand keys. */
const KEY_DECODER = new TextDecoder("utf-8", { fatal: true });

/** Names of errors of `open` where a page may not have a database. */
const UNAVAILABLE = ["SecurityError", "NotAllowedError", "InvalidStateError"];

/** A database that could not be opened, with the code that says why. */
export class OpenError extends Error {
  override readonly name = "OpenError";

  readonly code: StorageCode;

  /** True if this page has no IndexedDB at all, as in a sandboxed frame or some private windows. */
  readonly isUnavailable: boolean;

  constructor(code: StorageCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.isUnavailable = cause instanceof Error && UNAVAILABLE.includes(cause.name);
  }
}

/** How to open a database. */
export interface DatabaseOptions {
  /** Called when another page deletes it. */
  onDeleted?(): void;
  /** The writer that had it open before; fails if the database is not the same any more. */
  readonly writer?: number | undefined;
}

/** The records of one database. Failures reject with an error that `codeOf` understands. */
export class RecordDatabase {
  readonly #database: IDBDatabase;
  /** The number under which it writes; undefined if it has the database to itself anyway. */
  #writer: number | undefined;

  /** Opens the database with this name, and creates it if there is none. Rejects with an `OpenError`. */
  static open(factory: IDBFactory, name: string, options: DatabaseOptions = {}): Promise<RecordDatabase> {
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
      opening.onupgradeneeded = ({ oldVersion }) => {
        if (oldVersion === 0 && options.writer !== undefined) {
          // The database that was open is gone, and an empty one must not replace it.
          opening.transaction?.abort();
          return;
        }
        if (oldVersion < 1) {
          opening.result.createObjectStore(RECORDS);
        }
        opening.result.createObjectStore(WRITERS);
      };
      opening.onblocked = () => {
        reject(new OpenError("storage_blocked", `the database ${name} is held by another page`));
        opening.onsuccess = () => {
          opening.result.close();
        };
      };
      opening.onsuccess = () => {
        resolve(new RecordDatabase(opening.result, options));
      };
      opening.onerror = () => {
        fail(opening.error);
      };
    });
  }

  private constructor(database: IDBDatabase, { onDeleted, writer }: DatabaseOptions) {
    this.#database = database;
    this.#writer = writer;
    // Another page wants to delete or upgrade the database: requests to the closed one are answered
    // with `storage_gone`.
    database.onversionchange = ({ newVersion }) => {
      database.close();
      if (newVersion === null) {
        onDeleted?.();
      }
    };
  }

  /** The number under which it writes. */
  get writer(): number | undefined {
    return this.#writer;
  }

  /** Becomes the writer, after everything that the former one has started. */
  async takeOver(): Promise<void> {
    const transaction = this.#database.transaction(WRITERS, "readwrite", { durability: "relaxed" });
    const writers = transaction.objectStore(WRITERS);
    const current = writers.get(CURRENT) as IDBRequest<number | undefined>;
    current.onsuccess = () => {
      const former = current.result ?? 0;
      this.#writer = former + 1;
      writers.put(this.#writer, CURRENT);
      if (former > 0) {
        writers.put(true, former);
      }
      if (former > FORMER_MAX) {
        writers.delete(IDBKeyRange.bound(1, former - FORMER_MAX));
      }
      transaction.commit();
    };
    await completion(transaction);
  }

  /** The current writer of the database; undefined if it was never written to. */
  async currentWriter(): Promise<number | undefined> {
    const transaction = this.#database.transaction(WRITERS, "readonly");
    const current = transaction.objectStore(WRITERS).get(CURRENT) as IDBRequest<number | undefined>;
    transaction.commit();
    await completion(transaction);
    return current.result;
  }

  /** The records whose keys begin with one of these. */
  async read(prefixes: readonly string[]): Promise<StorageRecord[]> {
    const ranges = disjointPrefixes(prefixes).map(rangeOf);
    if (ranges.length === 0) {
      return [];
    }
    const transaction = this.#database.transaction(RECORDS, "readonly");
    const records = transaction.objectStore(RECORDS);
    const reads = ranges.map((range) => ({ keys: records.getAllKeys(range), values: records.getAll(range) }));
    // Otherwise it would end after its last answer, which a page that is frozen meanwhile does
    // not take.
    transaction.commit();
    await completion(transaction);
    return reads.flatMap(({ keys, values }) => keys.result.map((key, index) => record(key, values.result[index])));
  }

  /**
   * Carries out all of these or none. With `strict` they are on disk afterwards, otherwise with
   * the operating system.
   */
  async write(writes: readonly Write[], durability: "strict" | "relaxed"): Promise<void> {
    const scope = this.#writer === undefined ? [RECORDS] : [RECORDS, WRITERS];
    const transaction = this.#database.transaction(scope, "readwrite", { durability });
    const completed = completion(transaction);
    try {
      if (this.#writer !== undefined) {
        const writers = transaction.objectStore(WRITERS);
        writers.add(true, this.#writer);
        writers.delete(this.#writer);
      }
      const records = transaction.objectStore(RECORDS);
      for (const write of writes) {
        apply(records, write);
      }
      transaction.commit();
    } catch (error) {
      // None of it may be written; the promise settles all the same.
      completed.catch(() => undefined);
      transaction.abort();
      throw error;
    }
    await completed;
  }

  /** Closes the database. */
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

/** Returns true if a write failed because another writer has taken over. */
export function isTakenOver(error: unknown): boolean {
  return error instanceof Error && error.name === "ConstraintError";
}

/**
 * Returns true if the browser may have closed the database on its own: to free its place on disk,
 * after a crash of the process that keeps it, or in Safari when it suspends an app.
 */
export function isCutOff(error: unknown): boolean {
  return error instanceof Error && ["InvalidStateError", "AbortError", "UnknownError"].includes(error.name);
}

/** The code for an error of IndexedDB. */
export function codeOf(error: unknown): StorageCode {
  if (error instanceof OpenError) {
    return error.code;
  }
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

/** The prefixes by rising key, without those that another prefix covers. */
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

/** The keys that begin with a prefix; undefined for every key. */
function rangeOf(prefix: string): IDBKeyRange | undefined {
  if (prefix === "") {
    return undefined;
  }
  const first = encode(prefix);
  const behind = encode(prefix);
  // UTF-8 has no byte 0xff, so the last byte can always be incremented.
  behind[behind.length - 1] = (behind.at(-1) ?? 0) + 1;
  return IDBKeyRange.bound(first, behind, false, true);
}
