/**
 * The store in memory: for bots and tests, and for browsers that keep nothing.
 * A client leaves its records in it, so the same object can be opened again.
 */
import type { StorageAnswer, StorageRecord, StorageRequest, Write } from "../../pkg/tidings.js";
import type { Store } from "./store.js";

/** Records in memory, for as long as this object lives. */
export class MemoryStore implements Store {
  readonly kind = "memory";
  readonly #records = new Map<string, Uint8Array<ArrayBuffer>>();
  #isOpen = false;

  /** Opens the store for one client; false if another one has it open. */
  open(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = true;
    return !wasOpen;
  }

  run(request: StorageRequest): Promise<StorageAnswer> {
    return Promise.resolve(this.#run(request));
  }

  close(): void {
    this.#isOpen = false;
  }

  #run(request: StorageRequest): StorageAnswer {
    switch (request.type) {
      case "read":
        return { records: this.#read(request.prefixes) };
      case "write":
        for (const write of request.writes) {
          this.#write(write);
        }
        return "written";
    }
  }

  #read(prefixes: string[]): StorageRecord[] {
    const records: StorageRecord[] = [];
    for (const [key, value] of this.#records) {
      if (prefixes.some((prefix) => key.startsWith(prefix))) {
        records.push({ key, value });
      }
    }
    return records.sort((a, b) => compareKeys(a.key, b.key));
  }

  #write(write: Write): void {
    switch (write.type) {
      case "put":
        this.#records.set(write.key, write.value);
        break;
      case "delete":
        this.#records.delete(write.key);
        break;
      case "delete_prefix":
        for (const key of this.#records.keys()) {
          if (key.startsWith(write.prefix)) {
            this.#records.delete(key);
          }
        }
        break;
    }
  }
}

/**
 * Orders two keys by code points, which is the order of their bytes in UTF-8. JavaScript's own
 * order is by UTF-16 units, which puts an emoji before U+FFFD.
 */
function compareKeys(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a.charCodeAt(index) === b.charCodeAt(index)) {
    index += 1;
  }
  if (index > 0 && isTrailSurrogate(a.charCodeAt(index)) && isTrailSurrogate(b.charCodeAt(index))) {
    index -= 1;
  }
  return (a.codePointAt(index) ?? -1) - (b.codePointAt(index) ?? -1);
}

function isTrailSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
