/** The list of conversations, in display order. */
import type { ConversationRow } from "../../pkg/tidings.js";
import { OrderedRows } from "./order.js";

/** The list, and what changed in it. */
export interface ConversationsChange {
  /**
   * Every row: pinned ones first, then by newest activity, archived ones last. Current as of
   * reading; an array once read does not change.
   */
  readonly rows: readonly ConversationRow[];
  /** The conversations whose rows are new, changed or gone. */
  readonly changed: readonly string[];
}

/** Rows by conversation, and in order. */
export class ConversationList {
  readonly #rows = new Map<string, ConversationRow>();
  readonly #sorted = new OrderedRows(compare);

  /** Every row in order; a new array after each change. */
  get rows(): readonly ConversationRow[] {
    return this.#sorted.rows;
  }

  /** The row of a conversation, if there is one. */
  row(conversation: string): ConversationRow | undefined {
    return this.#rows.get(conversation);
  }

  /** Applies new and changed rows. */
  apply(rows: readonly ConversationRow[]): ConversationsChange {
    const went: ConversationRow[] = [];
    for (const row of rows) {
      const former = this.#rows.get(row.conversation);
      if (former !== undefined) {
        went.push(former);
      }
      this.#rows.set(row.conversation, row);
    }
    this.#sorted.change(went, rows);
    return this.#change(rows.map((row) => row.conversation));
  }

  /** Removes a row, if there is one. */
  remove(conversation: string): ConversationsChange | undefined {
    const row = this.#rows.get(conversation);
    if (row === undefined) {
      return undefined;
    }
    this.#rows.delete(conversation);
    this.#sorted.change([row], []);
    return this.#change([conversation]);
  }

  /** A change whose rows cost nothing unless somebody reads them. */
  #change(changed: readonly string[]): ConversationsChange {
    const sorted = this.#sorted;
    return {
      get rows() {
        return sorted.rows;
      },
      changed,
    };
  }
}

function compare(a: ConversationRow, b: ConversationRow): number {
  return section(a) - section(b) || b.activityAt - a.activityAt || (a.conversation < b.conversation ? -1 : 1);
}

function section(row: ConversationRow): number {
  if (row.archivedAt !== undefined) {
    return 2;
  }
  return row.pinnedAt === undefined ? 1 : 0;
}
