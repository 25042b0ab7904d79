/** The demo as its build leaves it is sent compressed, and what a browser has of it is not sent again. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Server } from "./support/server.js";

async function ask(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(url, { headers: { "accept-encoding": "br", ...headers } });
  assert.ok(response.ok || response.status === 304, `${url} answers ${response.status}`);
  return response;
}

test("the module and the scripts of the demo are sent compressed, and are kept for good", async () => {
  const server = await Server.start("SQLite");
  try {
    const page = await ask(`${server.url}/`);
    assert.equal(page.headers.get("cache-control"), "no-cache");
    const [script] = /\/assets\/index-[^"]+\.js/.exec(await page.text()) ?? [];
    assert.ok(script !== undefined, "the page has a script");
    const [module] = /\/assets\/tidings_bg-[^"]+\.wasm/.exec(await (await ask(server.url + script)).text()) ?? [];
    assert.ok(module !== undefined, "the script has a module");
    for (const file of [script, module]) {
      const response = await ask(server.url + file);
      assert.equal(response.headers.get("content-encoding"), "br", file);
      assert.match(response.headers.get("cache-control") ?? "", /max-age=31536000, immutable/);
      const sent = Number(response.headers.get("content-length"));
      const content = await response.arrayBuffer();
      assert.ok(sent * 4 < content.byteLength * 3, `${sent} of ${content.byteLength} bytes of ${file} are sent`);
      const again = await ask(server.url + file, { "if-none-match": response.headers.get("etag") ?? "" });
      assert.equal(again.status, 304, file);
    }
  } finally {
    await server.remove();
  }
});
