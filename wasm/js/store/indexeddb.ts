/** The store in IndexedDB: a database, and a second copy of what only this device has. */
import type { StorageAnswer, StorageRequest } from "../../pkg/tidings.js";
import { codeOf, OpenError, RecordDatabase } from "./database.js";
import { SecondCopy } from "./second_copy.js";
import type { Store } from "./store.js";

/** The record that every engine writes first. */
const META = "meta";

/** Records in an IndexedDB database. */
export class IndexedDbStore implements Store {
  readonly kind = "indexeddb";
  readonly #database: RecordDatabase;
  readonly #copy: SecondCopy;

  /** Opens the store of this name, and makes it if there is none. Rejects with an `OpenError`. */
  static async open(name: string): Promise<IndexedDbStore> {
    const copy = new SecondCopy(name);
    try {
      const database = await RecordDatabase.open(indexedDB, name, () => {
        copy.clear();
      });
      await begin(database, copy);
      return new IndexedDbStore(database, copy);
    } catch (error) {
      copy.close();
      throw error;
    }
  }

  private constructor(database: RecordDatabase, copy: SecondCopy) {
    this.#database = database;
    this.#copy = copy;
  }

  async run(request: StorageRequest): Promise<StorageAnswer> {
    try {
      switch (request.type) {
        case "read":
          return { records: await this.#database.read(request.prefixes) };
        case "write":
          await this.#database.write(request.writes, "strict");
          await this.#copy.write(request.writes);
          return "written";
      }
    } catch (error) {
      return { failed: codeOf(error) };
    }
  }

  close(): void {
    this.#database.close();
    this.#copy.close();
  }
}

/** Brings a database and its copy to the same state. Rejects with an `OpenError`. */
async function begin(database: RecordDatabase, copy: SecondCopy): Promise<void> {
  try {
    // No engine has written to it yet: it is new, or the browser threw away what was there.
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
  // Asks that the records outlive a shortage of space; the answer changes nothing here.
  void globalThis.navigator?.storage?.persist?.().catch(() => undefined);
}
