/**
 * The hostile corpus, given to the authority in the module: it answers as the
 * native one does, byte for byte, keeps its memory, and lives. Nothing catches
 * a panic here: one trap would fail every case behind it.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import loadModule, { Engine } from "#testing";

import { answerOf, bytesOf, type Corpus, judgeOf, readCorpus } from "./court.js";

const MIB = 1024 * 1024;
/** What judging may take of the linear memory, beside copies of the largest push. */
const MEMORY_BYTES_MAX = 8 * MIB;
/** Copies of a push: as it is handed in, and the change that is decoded from it. */
const PUSH_COPIES = 2;

let memory: WebAssembly.Memory;
let corpus: Corpus;

before(async () => {
  const bytes = await readFile(new URL("../../pkg-testing/tidings_bg.wasm", import.meta.url));
  memory = (await loadModule({ module_or_path: bytes })).memory;
  corpus = await readCorpus();
});

test("every hostile change is answered as natively, in bounded memory, and the module lives", () => {
  assert.ok(corpus.cases.length >= 106, `${corpus.cases.length} cases`);
  const judge = judgeOf(corpus);
  assert.equal(answerOf(corpus, judge, corpus.honest), corpus.honest.answer);
  const held = memory.buffer.byteLength;
  const wrong: string[] = [];
  let largest = 0;
  for (const hostile of corpus.cases) {
    largest = Math.max(largest, bytesOf(hostile.push).byteLength);
    const answer = answerOf(corpus, judge, hostile);
    if (answer !== hostile.answer) {
      wrong.push(`${hostile.name}: ${Buffer.from(answer, "base64").toString("latin1")}`);
    }
  }
  assert.deepEqual(wrong, []);
  const grown = memory.buffer.byteLength - held;
  const allowed = MEMORY_BYTES_MAX + PUSH_COPIES * largest;
  assert.ok(grown <= allowed, `${grown} bytes, at most ${allowed}`);
  assert.equal(answerOf(corpus, judge, corpus.honest), corpus.honest.answer);
  const engine = new Engine(0, corpus.acceptedAt, { tenant: "acme", account: "ada", seed: new Uint8Array(32).fill(7) });
  assert.equal(engine.poll()?.type, "storage");
  judge.free();
});

test("what is no push is an error, and the next one is answered", () => {
  const judge = judgeOf(corpus);
  for (const push of [new Uint8Array(), new Uint8Array([0xff]), new Uint8Array([0x82, 0x05, 0x81, 0x01])]) {
    assert.throws(() => judge.judge(push, corpus.acceptedAt), { code: "value_invalid" });
  }
  assert.equal(answerOf(corpus, judge, corpus.honest), corpus.honest.answer);
});
