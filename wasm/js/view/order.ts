/** Rows in order, of which a few change at a time: most stay where they are. */

/** Tells which of two rows comes first; never zero for different ones. */
export type Compare<Row> = (a: Row, b: Row) => number;

/** Rows in order. They are copied when somebody has read them and they change, and not otherwise. */
export class OrderedRows<Row> {
  readonly #compare: Compare<Row>;
  #rows: Row[] = [];
  /** Whether somebody has the array, which then stays as it is. */
  #isShared = false;

  constructor(compare: Compare<Row>) {
    this.#compare = compare;
  }

  /** All of them: another array after each change. */
  get rows(): readonly Row[] {
    this.#isShared = true;
    return this.#rows;
  }

  /** Takes all of them away. */
  clear(): void {
    this.#rows = [];
    this.#isShared = false;
  }

  /** Takes rows away that went, and in those that came. */
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

  /** Where a row stands, or would. */
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
