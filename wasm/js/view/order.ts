/** Rows in order, of which a few change at a time: most stay where they are. */

/** Compares two rows; never returns zero for different ones. */
export type Compare<Row> = (a: Row, b: Row) => number;

/** Rows in order. Copied when they change after somebody has read them, and not otherwise. */
export class OrderedRows<Row> {
  readonly #compare: Compare<Row>;
  #rows: Row[] = [];
  /** True if somebody has the array, which must not change then. */
  #isShared = false;

  constructor(compare: Compare<Row>) {
    this.#compare = compare;
  }

  /** All of them: another array after each change. */
  get rows(): readonly Row[] {
    this.#isShared = true;
    return this.#rows;
  }

  /** Removes all rows. */
  clear(): void {
    this.#rows = [];
    this.#isShared = false;
  }

  /** Removes rows and inserts others. */
  change(went: readonly Row[], came: readonly Row[]): void {
    if (this.#isShared) {
      this.#rows = [...this.#rows];
      this.#isShared = false;
    }
    const rows = this.#rows;
    for (const row of went) {
      rows.splice(this.#placeOf(row), 1);
    }
    if (came.length > rows.length) {
      this.#rows = rows.concat(came).sort(this.#compare);
      return;
    }
    for (const row of came) {
      rows.splice(this.#placeOf(row), 0, row);
    }
  }

  /** The index of a row, or where it would be inserted. */
  #placeOf(row: Row): number {
    let [first, behind] = [0, this.#rows.length];
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if (this.#compare(this.#rows[middle] as Row, row) < 0) {
        first = middle + 1;
      } else {
        behind = middle;
      }
    }
    return first;
  }
}
