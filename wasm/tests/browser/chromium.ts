/**
 * A real Chromium, and a server for the package's files. The program is the one
 * that `TIDINGS_CHROMIUM` names.
 */
import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium, type Browser } from "playwright-core";

/** The folder of the package. */
const PACKAGE = fileURLToPath(new URL("../../..", import.meta.url));

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // `gc()` for the tests.
  "--js-flags=--expose-gc",
];

/** Starts the browser. */
export function launch(): Promise<Browser> {
  const executablePath = process.env["TIDINGS_CHROMIUM"] ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS, headless: true });
}

/** What a page waits for that asks for `/block`, until it is ended. */
export class Block {
  readonly #waiting = new Set<ServerResponse>();

  /** Keeps somebody waiting. */
  add(response: ServerResponse): void {
    this.#waiting.add(response);
  }

  /** Lets everybody go on. */
  end(): void {
    for (const response of this.#waiting) {
      response.end();
    }
    this.#waiting.clear();
  }
}

/** Serves the package's folder; the address of its test page. */
export async function serve(): Promise<{ server: Server; page: string; block: Block }> {
  const block = new Block();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/block") {
      block.add(response);
      return;
    }
    const file = join(PACKAGE, normalize(decodeURIComponent(pathname)));
    readFile(file).then(
      (bytes) => {
        response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("the server has no port");
  }
  return { server, block, page: `http://127.0.0.1:${address.port}/tests/browser/page.html` };
}
