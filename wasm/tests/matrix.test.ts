/** The permission matrix, given to the authority in the module: it answers as the native one does, byte for byte. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import loadModule from "#testing";

import { answerOf, type Corpus, judgeOf, readCorpus } from "./court.js";

let corpus: Corpus;

before(async () => {
  const bytes = await readFile(new URL("../../pkg-testing/tidings_bg.wasm", import.meta.url));
  await loadModule({ module_or_path: bytes });
  corpus = await readCorpus();
});

test("who may do what is decided as natively, for every role, policy and state", () => {
  let cases = 0;
  for (const court of corpus.matrix) {
    const judge = judgeOf(court);
    for (const line of court.cases) {
      assert.equal(answerOf(court, judge, line), line.answer, line.name);
      cases += 1;
    }
    judge.free();
  }
  assert.ok(cases > 4_000, `${cases} cases`);
});
