/** The core's contract suite on the store in memory. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import { MemoryStore } from "tidings";

import loadModule, { Contract } from "#testing";

before(async () => {
  const bytes = await readFile(new URL("../../pkg-testing/tidings_bg.wasm", import.meta.url));
  await loadModule({ module_or_path: bytes });
});

test("the store in memory keeps the contract", async () => {
  const contract = new Contract();
  const store = new MemoryStore();
  let steps = 0;
  for (let step = contract.nextStep(); step !== undefined; step = contract.nextStep()) {
    const answer = await store.run(step.request);
    assert.equal(contract.check(answer), undefined, step.name);
    steps += 1;
  }
  assert.ok(steps > 10, `${steps} steps`);
});

test("the suite tells a store that answers wrongly", () => {
  const contract = new Contract();
  contract.nextStep();
  assert.match(contract.check("written") ?? "", /instead of/);
});

test("the order of keys is that of their bytes where UTF-16 has another", async () => {
  const store = new MemoryStore();
  const keys = ["\u{1f600}", "\u{ff21}", "a\u{1f601}", "a\u{1f600}", "a\u{ffff}", "a", "", "z"];
  const writes = keys.map((key) => ({ type: "put" as const, key, value: new Uint8Array() }));
  await store.run({ type: "write", writes });
  const answer = await store.run({ type: "read", prefixes: [""] });
  assert.ok(typeof answer === "object" && "records" in answer);
  const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(answer.records.map((record) => record.key), byBytes);
});
