/**
 * The archive that would be published, in the bundlers that apps are built with: each builds or serves an app that
 * writes a message, which has to be sent to a real server. And its declarations, checked as an app's own.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";

import { build as esbuild } from "esbuild";
import { chromium, type Browser } from "playwright-core";
import type { InlineConfig } from "vite8";
import webpack from "webpack";

import { ROOT, unpackArchive } from "./archive.js";
import { issueToken, serveFolder, startServer, type Running } from "./server.js";

/** What a page is told of the test. */
interface Told {
  readonly url: string;
  readonly account: string;
  readonly token: string;
}

/** What the module may weigh when it is downloaded. Who makes it smaller lowers this, so that it does not grow unseen. */
const MODULE_BROTLI_BYTES_MAX = 645 * 1024;

/** A message may take this long on a busy machine, with what a development server does before it. */
const SENT_MS_MAX = 90_000;

const MAIN = join(ROOT, "app/main.js");
const EXPLICIT = join(ROOT, "app/explicit.js");

let archive: string;
let server: Running;
let browser: Browser;
let output: string;

before(async () => {
  archive = await unpackArchive();
  server = await startServer();
  output = await mkdtemp(join(tmpdir(), "tidings-bundles-"));
  const executablePath = process.env["TIDINGS_CHROMIUM"] ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"], headless: true });
});

after(async () => {
  await browser.close();
  await server.end();
  await rm(output, { recursive: true, force: true });
});

/** Opens the app as somebody new, and waits until what it writes is sent. */
async function untilSent(address: string): Promise<void> {
  const account = `ada-${randomBytes(4).toString("hex")}`;
  const told: Told = { url: server.url, account, token: await issueToken(account) };
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript((test) => Object.assign(window, { test }), told);
    await page.goto(address);
    const state = await page.waitForFunction(
      () => {
        const { state } = document.body.dataset;
        return state === undefined || state === "pending" || state === "nothing" ? undefined : state;
      },
      undefined,
      { timeout: SENT_MS_MAX },
    );
    assert.equal(await state.jsonValue(), "sent");
  } finally {
    await context.close();
  }
}

/** Serves a built app, and waits until it works. */
async function untilBuiltSends(folder: string): Promise<void> {
  const pages = await serveFolder(folder);
  try {
    await untilSent(pages.url);
  } finally {
    await pages.end();
  }
}

/** A page around a script. */
async function writePage(folder: string): Promise<void> {
  await writeFile(join(folder, "index.html"), '<!doctype html><body><script type="module" src="main.js"></script>');
}

test("the archive has its licences", async () => {
  await Promise.all(["LICENSE-MIT", "LICENSE-APACHE", "README.md"].map((name) => access(join(archive, name))));
});

test("the module is no larger than an app is to download", async () => {
  const module = await readFile(join(archive, "pkg/tidings_bg.wasm"));
  const { length } = await promisify(brotliCompress)(module);
  assert.ok(length <= MODULE_BROTLI_BYTES_MAX, `${length} bytes with brotli`);
});

for (const resolution of ["bundler", "nodenext"]) {
  test(`the declarations are sound for ES2022, as ${resolution} resolves them`, async () => {
    const compiler = join(ROOT, "node_modules/.bin/tsc");
    const { stdout } = await promisify(execFile)(compiler, ["--project", join(ROOT, "types", `${resolution}.json`)]).catch(
      (failed: { stdout: string }) => failed,
    );
    assert.equal(stdout, "");
  });
}

/** The part of Vite that its versions share. */
interface Vite {
  createServer(config: InlineConfig): Promise<{
    listen(): Promise<unknown>;
    readonly resolvedUrls: { readonly local: string[] } | null;
    close(): Promise<void>;
  }>;
}

for (const version of ["vite5", "vite7", "vite8"]) {
  test(`${version} serves it in development as it stands`, async () => {
    const { createServer } = (await import(version)) as Vite;
    const development = await createServer({
      root: ROOT,
      configFile: false,
      logLevel: "error",
      server: { host: "127.0.0.1", port: 0, hmr: false, watch: null },
      optimizeDeps: { force: true },
    });
    try {
      await development.listen();
      await untilSent(development.resolvedUrls?.local[0] ?? "");
    } finally {
      await development.close();
    }
  });
}

test("vite builds it", async () => {
  const { build } = await import("vite8");
  const folder = join(output, "vite");
  await build({ root: ROOT, configFile: false, logLevel: "error", build: { outDir: folder, target: "es2022" } });
  await untilBuiltSends(folder);
});

test("webpack builds it", async () => {
  const folder = join(output, "webpack");
  const compiler = webpack({
    mode: "production",
    context: ROOT,
    entry: MAIN,
    output: { path: folder, filename: "main.js", module: true },
    experiments: { outputModule: true },
    performance: false,
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  assert.equal(stats?.hasErrors(), false, stats?.toString());
  await writePage(folder);
  await untilBuiltSends(folder);
});

test("esbuild builds it, with a loader for the module", async () => {
  const folder = join(output, "esbuild");
  await esbuild({
    entryPoints: { main: EXPLICIT },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    loader: { ".wasm": "file" },
  });
  await writePage(folder);
  await untilBuiltSends(folder);
});

test("next builds it and renders its page without a browser", async () => {
  const app = join(ROOT, "next");
  // Vite has set another NODE_ENV in this process.
  const env = { ...process.env, NODE_ENV: "production" as const, NEXT_TELEMETRY_DISABLED: "1" };
  await promisify(execFile)(process.execPath, [join(ROOT, "node_modules/next/dist/bin/next"), "build"], { cwd: app, env });
  await untilBuiltSends(join(app, "out"));
});
