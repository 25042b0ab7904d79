/**
 * Loading the module. These tests run in the order written, in a process of
 * their own: a module that is loaded stays so.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { Client, init, isTidingsError, MemoryStore } from "tidings";

import { offline } from "./offline.js";

test("a client cannot be opened before the module is loaded", async () => {
  await assert.rejects(Client.open(offline()), { name: "TidingsError", code: "module_unavailable", retryable: true });
});

test("a module that is not there can be asked for again", async () => {
  const absent = new URL("absent.wasm", import.meta.url);
  for (const source of [absent, absent.href, "absent.wasm"]) {
    await assert.rejects(init(source), (error) => isTidingsError(error) && error.code === "module_unavailable");
  }
});

test("a page in place of the module is told from it, with what to do about the bundler", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/absent.wasm") {
      response.statusCode = 404;
    }
    response.setHeader("content-type", "text/html").end("<!doctype html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const page = `http://127.0.0.1:${port}/tidings_bg.wasm`;
  await assert.rejects(init(page), /is a page instead of the module.*optimizeDeps/);
  await assert.rejects(init(`http://127.0.0.1:${port}/absent.wasm`), /answered 404.*optimizeDeps/);
  server.close();
});

test("bytes that are no module are refused, and the next call tries anew", async () => {
  const refused = assert.rejects(init(new Uint8Array([1, 2, 3])), { code: "module_unavailable" });
  const store = new MemoryStore();
  await assert.rejects(Client.open(offline({ store })), { code: "module_unavailable" });
  assert.ok(store.open(), "the store was let go");
  await refused;
  // A client that is opened meanwhile waits for the module.
  const [, client] = await Promise.all([init(), Client.open(offline())]);
  await client.close();
});

test("a loaded module is not loaded again, whatever it is asked for", async () => {
  await init();
  await init("absent.wasm");
});
