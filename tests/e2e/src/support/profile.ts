/** A browser that a test can kill, and start again on the same profile; and a page with the package in it. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { appendFile, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium, type Page } from "playwright-core";

import { FLAGS } from "./browser.js";
import { chromiumProgram } from "./environment.js";

const PACKAGE = fileURLToPath(new URL("..", import.meta.resolve("tidings")));
const PAGE = `<!doctype html><title>tidings</title><link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "tidings": "/dist/index.js" } }</script>`;
const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** LevelDB's log: blocks of records, each with a checksum, a length and a type before its content. */
const LOG_BLOCK_BYTES = 32 * 1024;
const LOG_HEADER_BYTES = 7;
const LOG_RECORD_FULL = 1;
/** How long the torn record says that it is. */
const TORN_BYTES = 50;

/** What a site is beyond its page. */
export interface SiteOptions {
  /** More of the page's head. */
  readonly head?: string;
  /** How long browsers keep its files. */
  readonly cacheControl?: string;
  /** Scripts that are served in place of the package's, by path. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Serves a page whose scripts can import the package. */
export class PackageSite {
  readonly #http: Server;

  private constructor(http: Server) {
    this.#http = http;
  }

  static async open({ head = "", cacheControl = "no-cache", scripts = {} }: SiteOptions = {}): Promise<PackageSite> {
    const http = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      if (pathname === "/") {
        response.setHeader("content-type", "text/html").end(PAGE + head);
        return;
      }
      response.setHeader("content-type", TYPES[extname(pathname)] ?? "application/octet-stream");
      response.setHeader("cache-control", cacheControl);
      const script = scripts[pathname];
      if (script !== undefined) {
        response.end(script);
        return;
      }
      readFile(join(PACKAGE, normalize(pathname))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return new PackageSite(http);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
  }
}

/** What a browser keeps on the disk, with at most one browser on it. */
export class Profile {
  readonly #folder: string;
  #browser: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Profile> {
    return new Profile(await mkdtemp(join(tmpdir(), "tidings-profile-")));
  }

  /** Starts a browser with a page. */
  async start(): Promise<Page> {
    const flags = [...FLAGS, "--headless", "--remote-debugging-port=0", `--user-data-dir=${this.#folder}`];
    // A group of its own, so that all its processes can be killed at once.
    const child = spawn(chromiumProgram(), [...flags, "about:blank"], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#browser = child;
    const orphaned = (): void => killGroup(child);
    process.once("exit", orphaned);
    child.once("exit", () => process.off("exit", orphaned));
    const browser = await chromium.connectOverCDP(await debuggerOf(child));
    const [context] = browser.contexts();
    return (context ?? (await browser.newContext())).newPage();
  }

  /** Kills the browser with all its processes, whatever it is doing. */
  async kill(): Promise<void> {
    const child = this.#browser;
    this.#browser = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = once(child, "exit");
    killGroup(child);
    await ended;
  }

  /**
   * Leaves IndexedDB as a kill in the middle of an append does: LevelDB's log ends in the header of a record
   * that has no content. Source: https://github.com/google/leveldb/blob/main/doc/log_format.md
   */
  async tear(): Promise<void> {
    const folder = join(this.#folder, "Default", "IndexedDB");
    const files = await readdir(folder, { recursive: true });
    const logs = files.filter((file) => file.endsWith(".log")).map((file) => join(folder, file));
    assert.equal(logs.length, 1, `one log of one database, not ${logs.join(", ")}`);
    const [log = ""] = logs;
    const left = LOG_BLOCK_BYTES - ((await stat(log)).size % LOG_BLOCK_BYTES);
    // Zeros are skipped up to the next block; a record does not go beyond its own.
    const padding = Buffer.alloc(left < LOG_HEADER_BYTES + TORN_BYTES ? left : 0);
    const header = Buffer.alloc(LOG_HEADER_BYTES);
    header.writeUInt32LE(randomInt(1, 2 ** 32), 0);
    header.writeUInt16LE(TORN_BYTES, 4);
    header.writeUInt8(LOG_RECORD_FULL, 6);
    await appendFile(log, Buffer.concat([padding, header]));
  }

  /** Ends the browser and removes what it kept. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Where the browser takes commands: it says so when it has started. */
async function debuggerOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) {
    throw new Error("the browser's words are not read");
  }
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /^DevTools listening on (\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      // It says more, and waits for nobody to read it.
      child.stderr.resume();
      return address;
    }
    said.push(line);
  }
  throw new Error(`the browser did not start:\n${said.join("\n")}`);
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) {
    process.kill(-child.pid, "SIGKILL");
  }
}
