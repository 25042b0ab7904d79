/** The list of conversations, sorted as it is shown. */
import type { ConversationRow } from "../../pkg/tidings.js";
import { reorder } from "./order.js";

/** The list, and what of it changed. */
export interface ConversationsChange {
  /** Every row: pinned ones first, then by newest activity, archived ones last. */
  readonly rows: readonly ConversationRow[];
  /** The conversations whose rows are new, changed or gone. */
  readonly changed: readonly string[];
}

/** Rows by conversation, and in order. */
export class ConversationList {
  readonly #rows = new Map<string, ConversationRow>();
  #sorted: readonly ConversationRow[] = [];

  /** Every row in order; a new array after each change. */
  get rows(): readonly ConversationRow[] {
    return this.#sorted;
  }

  /** The row of a conversation, if there is one. */
  row(conversation: string): ConversationRow | undefined {
    return this.#rows.get(conversation);
  }

  /** Takes over rows that are new or changed; their conversations. */
  apply(rows: readonly ConversationRow[]): string[] {
    const went: ConversationRow[] = [];
    for (const row of rows) {
      const former = this.#rows.get(row.conversation);
      if (former !== undefined) {
        went.push(former);
      }
      this.#rows.set(row.conversation, row);
    }
    this.#sorted = reorder(this.#sorted, went, rows, compare);
    return rows.map((row) => row.conversation);
  }

  /** Takes a row away; whether there was one. */
  remove(conversation: string): boolean {
    const row = this.#rows.get(conversation);
    if (row === undefined) {
      return false;
    }
    this.#rows.delete(conversation);
    this.#sorted = reorder(this.#sorted, [row], [], compare);
    return true;
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
