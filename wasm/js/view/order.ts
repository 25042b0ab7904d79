/** Rows in order, of which a few change at a time: most stay where they are. */

/** Tells which of two rows comes first; never zero for different ones. */
export type Compare<Row> = (a: Row, b: Row) => number;

/** A new array in order, without rows that went, and with rows that came. */
export function reorder<Row>(
  sorted: readonly Row[],
  went: readonly Row[],
  came: readonly Row[],
  compare: Compare<Row>,
): readonly Row[] {
  const rows = [...sorted];
  for (const row of went) {
    rows.splice(placeOf(rows, row, compare), 1);
  }
  if (came.length > rows.length) {
    return rows.concat(came).sort(compare);
  }
  for (const row of came) {
    rows.splice(placeOf(rows, row, compare), 0, row);
  }
  return rows;
}

/** Where a row stands among rows in order, or would. */
function placeOf<Row>(rows: readonly Row[], row: Row, compare: Compare<Row>): number {
  let [first, behind] = [0, rows.length];
  while (first < behind) {
    const middle = (first + behind) >>> 1;
    if (compare(rows[middle] as Row, row) < 0) {
      first = middle + 1;
    } else {
      behind = middle;
    }
  }
  return first;
}
