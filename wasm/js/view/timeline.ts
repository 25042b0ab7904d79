/** The rows of one open timeline, in the journal's order. */
import type { TimelineRow, TimelineUpdate } from "../../pkg/tidings.js";
import { OrderedRows } from "./order.js";

/** A timeline, and what changed in it. */
export interface TimelineChange {
  /**
   * Every row: admitted ones by position, then own pending ones by id. Current as of reading; an
   * array once read does not change.
   */
  readonly rows: readonly TimelineRow[];
  /** The messages whose rows are new or changed. */
  readonly changed: readonly string[];
  /** The messages that are gone. */
  readonly removed: readonly string[];
  /** True if older messages can be loaded. */
  readonly hasOlder: boolean;
  /** True if the rows replace everything shown before. */
  readonly restart: boolean;
}

/** Rows by message, and in order. */
export class TimelineRows {
  readonly #rows = new Map<string, TimelineRow>();
  readonly #sorted = new OrderedRows(compare);
  #hasOlder = false;
  #isKnown = false;
  /** True if the next update replaces everything, whatever it says. */
  #isForgotten = false;

  /** Every row in order; a new array after each change. */
  get rows(): readonly TimelineRow[] {
    return this.#sorted.rows;
  }

  /** True if older messages can be loaded. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** Everything, for a new listener; undefined before the first update. */
  get whole(): TimelineChange | undefined {
    if (!this.#isKnown) {
      return undefined;
    }
    const changed = this.#sorted.rows.map((row) => row.id);
    return this.#change(changed, [], true);
  }

  /** The rows came from an engine that is lost: the next update replaces them. */
  forget(): void {
    this.#isForgotten = true;
  }

  apply(update: TimelineUpdate): TimelineChange {
    const restart = update.restart || this.#isForgotten;
    this.#isForgotten = false;
    if (restart) {
      this.#rows.clear();
      this.#sorted.clear();
    }
    const went: TimelineRow[] = [];
    for (const id of [...update.removed, ...update.rows.map((row) => row.id)]) {
      const former = this.#rows.get(id);
      if (former !== undefined) {
        went.push(former);
        this.#rows.delete(id);
      }
    }
    for (const row of update.rows) {
      this.#rows.set(row.id, row);
    }
    this.#sorted.change(went, update.rows);
    this.#hasOlder = update.hasOlder;
    this.#isKnown = true;
    const changed = update.rows.map((row) => row.id);
    return this.#change(changed, update.removed, restart);
  }

  /** A change whose rows cost nothing unless somebody reads them. */
  #change(changed: readonly string[], removed: readonly string[], restart: boolean): TimelineChange {
    const sorted = this.#sorted;
    return {
      get rows() {
        return sorted.rows;
      },
      changed,
      removed,
      hasOlder: this.#hasOlder,
      restart,
    };
  }
}

function compare(a: TimelineRow, b: TimelineRow): number {
  const [first, second] = [a.position ?? Number.MAX_VALUE, b.position ?? Number.MAX_VALUE];
  return first - second || (a.id < b.id ? -1 : 1);
}
