/** A server of messages, and one of built pages. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** Something that runs until it is ended. */
export interface Running {
  readonly url: string;
  end(): Promise<void>;
}

/** Starts the server that `TIDINGS_SERVER_BIN` names, on an empty store. */
export async function startServer(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-packaging-"));
  const store = `sqlite:${join(folder, "tidings.db")}`;
  const child = spawn(program(), ["serve", "--dev", "--listen", "127.0.0.1:0", "--store", store], {
    stdio: ["ignore", "pipe", "inherit"],
    env: environment(),
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      const end = async (): Promise<void> => {
        child.kill("SIGKILL");
        await ended;
        await rm(folder, { recursive: true, force: true });
      };
      return { url, end };
    }
  }
  throw new Error("the server ended before it listened");
}

/** A token for an account that says these labels, signed with the development secret. */
export async function issueToken(account: string, labels: readonly string[] = []): Promise<string> {
  const says = ["token", "--account", account, ...labels.flatMap((label) => ["--label", label])];
  const { stdout } = await promisify(execFile)(program(), says, { env: environment() });
  return stdout.trim();
}

/** Serves the files of a folder. */
export async function serveFolder(folder: string): Promise<Running> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = join(folder, normalize(pathname === "/" ? "/index.html" : decodeURIComponent(pathname)));
    readFile(file).then(
      (bytes) => response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream").end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const end = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}/`, end };
}

function program(): string {
  const named = process.env["TIDINGS_SERVER_BIN"];
  if (named === undefined) {
    throw new Error("TIDINGS_SERVER_BIN is not set: it names the built tidings-server. `cargo xtask test` sets it.");
  }
  return named;
}

/** The own environment without what would set the server up differently. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TIDINGS_")));
}
