/** Rows that are kept in order while some of them change. */
import assert from "node:assert/strict";
import { test } from "node:test";

interface Row {
  readonly id: number;
  readonly at: number;
}

/** It is no part of the package's surface. */
type Order = {
  OrderedRows: new (compare: Compare) => {
    readonly rows: readonly Row[];
    change(went: readonly Row[], came: readonly Row[]): void;
  };
};
type Compare = (a: Row, b: Row) => number;

const address = new URL("../../dist/view/order.js", import.meta.url).href;
const { OrderedRows } = (await import(address)) as Order;

function compare(a: Row, b: Row): number {
  return b.at - a.at || a.id - b.id;
}

test("rows that come, change and go leave the order that sorting all of them gives", () => {
  let state = 1;
  // The same rows each time: a linear congruence.
  const draw = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const rows = new Map<number, Row>();
  const sorted = new OrderedRows(compare);
  for (let round = 0; round < 500; round += 1) {
    const came = new Map<number, Row>();
    for (let count = draw(round % 50 === 0 ? 200 : 4); count > 0; count -= 1) {
      const id = draw(400);
      came.set(id, { id, at: draw(20) });
    }
    const gone = draw(5) === 0 ? [draw(400)].filter((id) => !came.has(id)) : [];
    const went = [...gone, ...came.keys()].flatMap((id) => rows.get(id) ?? []);
    for (const id of gone) {
      rows.delete(id);
    }
    for (const row of came.values()) {
      rows.set(row.id, row);
    }
    // Whoever never looks has nothing copied; whoever does keeps what was there.
    const shown = draw(2) === 0 ? sorted.rows : undefined;
    const before = [...(shown ?? [])];
    sorted.change(went, [...came.values()]);
    assert.deepEqual(shown ?? [], before, "what was shown is left as it is");
    if (draw(3) === 0) {
      assert.deepEqual(sorted.rows, [...rows.values()].sort(compare));
    }
  }
  assert.ok(rows.size > 100);
});
