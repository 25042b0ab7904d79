/** What crosses the boundary of the module, without a client around it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import loadModule, { Engine, trap, type Input, type Output } from "#testing";

before(async () => {
  const bytes = await readFile(new URL("../../pkg-testing/tidings_bg.wasm", import.meta.url));
  await loadModule({ module_or_path: bytes });
});

const NOW = 1_700_000_000_000;
const SEED = new Uint8Array(32).fill(7);

function drain(engine: Engine): Output[] {
  const outputs: Output[] = [];
  for (let output = engine.poll(); output !== undefined; output = engine.poll()) {
    outputs.push(output);
  }
  return outputs;
}

/** An engine that has read an empty store. */
function started(): Engine {
  const engine = new Engine(0, NOW, { tenant: "default", account: "ada", seed: SEED });
  for (const output of drain(engine)) {
    if (output.type === "storage") {
      engine.storageFinished(0, NOW, output.task, { records: [] });
      drain(engine);
    }
  }
  return engine;
}

test("an engine begins by reading its store", () => {
  const engine = new Engine(0, NOW, { tenant: "default", account: "ada", seed: SEED });
  const outputs = drain(engine);
  const requests = outputs.map((output) => (output.type === "storage" ? output.request.type : output.type));
  assert.deepEqual(requests, ["read", "read"], "the newest rows of the list, and then everything");
});

test("a config that is none is refused with its code", () => {
  const config = { tenant: "default", account: "ada", seed: SEED };
  const make = (wrong: object) => () => new Engine(0, NOW, { ...config, ...wrong });
  assert.throws(make({ account: "no spaces" }), { code: "id_invalid", retryable: false });
  assert.throws(make({ tenant: "" }), { code: "id_invalid" });
  assert.throws(make({ seed: new Uint8Array(31) }), { code: "value_invalid" });
  assert.throws(make({ account: 7 }), { code: "value_invalid" });
});

test("an input that is none changes nothing", () => {
  const engine = started();
  const conversation = "0".repeat(26);
  const wrong: [unknown, string][] = [
    [undefined, "value_invalid"],
    [{ close: 1 }, "value_invalid"],
    ["no_such_input", "value_invalid"],
    [{ set_network: {} }, "value_invalid"],
    [{ frame_received: "text" }, "value_invalid"],
    [{ open_conversation: "short" }, "id_invalid"],
    [{ command: { request: -1, command: { leave: { conversation } } } }, "value_invalid"],
    [{ command: { request: 1, command: { leave: { conversation: "A".repeat(26) } } } }, "id_invalid"],
    [{ command: { request: 1, command: { react: { conversation, message: "x", emoji: "👍" } } } }, "id_invalid"],
    [{ command: { request: 1, command: { add_member: { conversation, account: "bob", role: "" } } } }, "role_unknown"],
    [{ command: { request: 1, command: { set_state: { conversation, state: "sleeping" } } } }, "value_invalid"],
    [{ command: { request: 1, command: { set_policy: { conversation, policy: { moods: true } } } } }, "policy_unknown"],
    [{ command: { request: 1, command: { create_conversation: { kind: "party", members: [] } } } }, "kind_unknown"],
  ];
  for (const [input, code] of wrong) {
    assert.throws(() => engine.handle(0, NOW, input as Input), { code }, JSON.stringify(input));
    assert.equal(engine.poll(), undefined);
  }
  engine.handle(1, NOW, "connect_now");
});

test("a second input before the outputs of the first are taken is a misuse", () => {
  const engine = new Engine(0, NOW, { tenant: "default", account: "ada", seed: SEED });
  assert.throws(() => engine.handle(0, NOW, "connect_now"), { code: "misuse" });
});

test("bytes that are no frame end the link, not the engine", () => {
  const engine = started();
  engine.handle(0, NOW, { token: "t" });
  drain(engine);
  engine.handle(0, NOW, "link_opened");
  drain(engine);
  engine.frameReceived(0, NOW, new Uint8Array([0xff, 0x00, 0x13]));
  drain(engine);
  engine.handle(0, NOW, { command: { request: 1, command: { create_conversation: { kind: "group", members: ["bob"] } } } });
  const updates = drain(engine).filter((output) => output.type === "update");
  assert.ok(updates.length > 0);
});

test("a panic is a RuntimeError, and another engine still works", () => {
  const text: unknown[] = [];
  const log = console.error;
  console.error = (...parts: unknown[]) => text.push(...parts);
  try {
    assert.throws(() => { trap(); }, WebAssembly.RuntimeError);
  } finally {
    console.error = log;
  }
  assert.match(String(text), /^tidings stopped at .*contract\.rs:\d+:\d+$/);
  started().free();
});
