/**
 * A second copy of what only this device has, for a browser that throws the
 * first one away.
 *
 * Chromium keeps all databases of an origin in one LevelDB. When the browser is
 * killed in the middle of an append, the log ends in a torn record; the next
 * start reads up to it and appends behind it (`reuse_logs`); the start after
 * that takes the log for corrupt, deletes every database of the origin and
 * makes empty ones. What the server has is fetched again. What it does not have
 * is kept here: in a storage bucket, which has a LevelDB of its own that the
 * same kill does not tear. Where there are no storage buckets there is no copy:
 * Firefox and Safari keep IndexedDB in SQLite.
 */
import type { StorageRecord, Write } from "../../pkg/tidings.js";
import { RecordDatabase } from "./database.js";
import { IRREPLACEABLE, isIrreplaceable } from "./irreplaceable.js";

/** The bucket of all stores of an origin. */
const BUCKET = "tidings";

/** Maximum number of deletions that wait for the next record; more are carried out on their own. */
const DELETIONS_MAX = 100;

/** The part of the Storage Buckets API that is used: https://wicg.github.io/storage-buckets/ */
interface Bucket {
  readonly indexedDB: IDBFactory;
}

interface BucketNavigator {
  readonly storageBuckets?: { open(name: string): Promise<Bucket> };
}

/** The copy of one store. It never fails: the store is correct without it. */
export class SecondCopy {
  readonly #name: string;
  /** Kept as long as its database is open: writes never end if the bucket was garbage collected. */
  #bucket: Bucket | undefined;
  /** Opened on demand: a start that writes nothing costs nothing. */
  #opening: Promise<RecordDatabase | undefined> | undefined;
  /** The queue of its tasks. */
  #tasks: Promise<void> = Promise.resolve();
  #store: RecordDatabase | undefined;
  /** True if the store may have what the copy has not: all of it is copied with the next record. */
  #isBehind = false;
  #deletions: Write[] = [];

  /** The copy of the store of this name. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Writes its contents into a blank store. Rejects if the store does not accept them. */
  async restore(store: RecordDatabase): Promise<void> {
    this.#store = store;
    let records: StorageRecord[] = [];
    await this.#run(async (copy) => {
      records = await copy.read(IRREPLACEABLE);
    });
    if (records.length > 0) {
      await store.write(puts(records), "strict");
    }
  }

  /** Copies the store's contents with the next record that is written. */
  follow(store: RecordDatabase): void {
    this.#store = store;
    this.#isBehind = true;
  }

  /** Continues with the store opened again, after the browser closed both. */
  reopen(store: RecordDatabase): void {
    this.#opening = undefined;
    this.follow(store);
  }

  /**
   * Resolves when it has what was written to the store. Deletions wait for the next record: if one
   * is lost, the server answers again as before.
   */
  async write(writes: readonly Write[]): Promise<void> {
    const noted = writes.filter(isIrreplaceable);
    const records = noted.filter((write) => write.type === "put");
    this.#deletions.push(...noted.filter((write) => write.type !== "put"));
    if (records.length === 0 && this.#deletions.length <= DELETIONS_MAX) {
      return;
    }
    const due = [...this.#deletions, ...records];
    this.#deletions = [];
    const isBehind = this.#isBehind;
    this.#isBehind = false;
    await this.#run(async (copy) => {
      try {
        if (isBehind) {
          await this.#catchUp(copy);
        }
        await copy.write(due, "relaxed");
      } catch (error) {
        this.#isBehind = true;
        throw error;
      }
    });
  }

  /** Deletes everything: somebody deletes the store. */
  clear(): void {
    void this.#run((copy) => copy.write(deletions(), "relaxed"));
  }

  /** Closes it when everything is done. */
  close(): void {
    if (this.#opening === undefined) {
      return;
    }
    void this.#run(async (copy) => {
      try {
        await copy.write(this.#deletions, "relaxed");
      } finally {
        copy.close();
      }
    });
  }

  async #catchUp(copy: RecordDatabase): Promise<void> {
    const records = (await this.#store?.read(IRREPLACEABLE)) ?? [];
    await copy.write([...deletions(), ...puts(records)], "relaxed");
  }

  #run(task: (copy: RecordDatabase) => Promise<void>): Promise<void> {
    this.#opening ??= this.#open();
    const opening = this.#opening;
    this.#tasks = this.#tasks.then(async () => {
      const copy = await opening;
      try {
        await (copy && task(copy));
      } catch {
        // The store has it.
      }
    });
    return this.#tasks;
  }

  async #open(): Promise<RecordDatabase | undefined> {
    try {
      const { storageBuckets } = globalThis.navigator as BucketNavigator;
      this.#bucket = await storageBuckets?.open(BUCKET);
      return this.#bucket && (await RecordDatabase.open(this.#bucket.indexedDB, this.#name));
    } catch {
      return undefined;
    }
  }
}

function puts(records: readonly StorageRecord[]): Write[] {
  return records.map(({ key, value }) => ({ type: "put", key, value }));
}

function deletions(): Write[] {
  return IRREPLACEABLE.map((prefix) => ({ type: "delete_prefix", prefix }));
}
