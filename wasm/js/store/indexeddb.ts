/** The store in IndexedDB: a database, and a second copy of what only this device has. */
import type { StorageAnswer, StorageRequest, Write } from "../../pkg/tidings.js";
import { codeOf, isCutOff, isTakenOver, OpenError, RecordDatabase } from "./database.js";
import { isIrreplaceable } from "./irreplaceable.js";
import { SecondCopy } from "./second_copy.js";
import type { Store } from "./store.js";

/** The record that every engine writes first. */
const META = "meta";

/** Records in an IndexedDB database. */
export class IndexedDbStore implements Store {
  readonly kind = "indexeddb";
  readonly #name: string;
  #database: RecordDatabase;
  readonly #copy: SecondCopy;
  readonly #onTaken: () => void;
  #isClosed = false;

  /**
   * Opens the store with this name, and creates it if there is none. Whoever had it open before
   * cannot write to it any more; `onTaken` is called when that happens to this one. Rejects with
   * an `OpenError`.
   */
  static async open(name: string, onTaken: () => void = () => undefined): Promise<IndexedDbStore> {
    const copy = new SecondCopy(name);
    try {
      const database = await openDatabase(name, copy);
      await begin(database, copy);
      return new IndexedDbStore(name, database, copy, onTaken);
    } catch (error) {
      copy.close();
      throw error;
    }
  }

  private constructor(name: string, database: RecordDatabase, copy: SecondCopy, onTaken: () => void) {
    this.#name = name;
    this.#database = database;
    this.#copy = copy;
    this.#onTaken = onTaken;
  }

  async run(request: StorageRequest): Promise<StorageAnswer> {
    try {
      return await this.#carryOut(request);
    } catch (error) {
      if (this.#isClosed || !isCutOff(error)) {
        return this.#failed(error);
      }
    }
    // An interrupted write may have taken effect; repeating it has no further effect.
    try {
      await this.#reopen();
      return await this.#carryOut(request);
    } catch (error) {
      return this.#failed(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#database.close();
    this.#copy.close();
  }

  async #carryOut(request: StorageRequest): Promise<StorageAnswer> {
    switch (request.type) {
      case "read":
        return { records: await this.#database.read(request.prefixes) };
      case "write":
        await this.#database.write(request.writes, durabilityOf(request.writes));
        await this.#copy.write(request.writes);
        return "written";
    }
  }

  /** Opens the database that the browser has closed; rejects if it is not the same any more. */
  async #reopen(): Promise<void> {
    const { writer } = this.#database;
    this.#database.close();
    const database = await openDatabase(this.#name, this.#copy, writer);
    const current = await database.currentWriter();
    if (current !== writer || this.#isClosed) {
      database.close();
      throw current === undefined
        ? new DOMException("the database was made anew", "NotFoundError")
        : new DOMException("another tab has taken the store over", "ConstraintError");
    }
    this.#database = database;
    this.#copy.reopen(database);
  }

  #failed(error: unknown): StorageAnswer {
    if (isTakenOver(error)) {
      this.#onTaken();
      return { failed: "storage_blocked" };
    }
    return { failed: codeOf(error) };
  }
}

/**
 * Waiting for the disk is the most expensive part of a write. What the server also has need not
 * wait: if the machine stops before the system has written it, the device continues from before
 * that, and what it sent since was true.
 */
function durabilityOf(writes: readonly Write[]): "strict" | "relaxed" {
  return writes.some((write) => write.type === "put" && isIrreplaceable(write)) ? "strict" : "relaxed";
}

function openDatabase(name: string, copy: SecondCopy, writer?: number): Promise<RecordDatabase> {
  return RecordDatabase.open(indexedDB, name, {
    writer,
    onDeleted: () => {
      copy.clear();
    },
  });
}

/** Takes a database over, and synchronizes it with its copy. Rejects with an `OpenError`. */
async function begin(database: RecordDatabase, copy: SecondCopy): Promise<void> {
  try {
    await database.takeOver();
    // No engine has written to it yet: it is new, or the browser discarded its contents.
    const isBlank = (await database.read([META])).length === 0;
    if (isBlank) {
      await copy.restore(database);
    } else {
      copy.follow(database);
    }
  } catch (error) {
    database.close();
    throw new OpenError(codeOf(error), "the database cannot be read, or written to");
  }
  // Requests that the records survive a shortage of space; the answer makes no difference here.
  void globalThis.navigator?.storage?.persist?.().catch(() => undefined);
}
