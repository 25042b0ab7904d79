/** The real server as a process of its own, on a port that it keeps through restarts. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

import { demoFolder, serverProgram } from "./environment.js";
import { freePort } from "./port.js";
import { createStore, type Store, type StoreName } from "./store.js";
import { until } from "./until.js";

/** How much of the log is kept for a failure. */
const LOG_CHARACTERS_MAX = 20_000;

/** What the server is started with beyond store and port. */
export interface ServerOptions {
  /** More flags. */
  readonly flags?: readonly string[];
}

/** A server and its store. */
export class Server {
  readonly port: number;
  readonly #store: Store;
  readonly #options: ServerOptions;
  #process: ChildProcess | undefined;
  #log = "";

  private constructor(store: Store, port: number, options: ServerOptions) {
    this.#store = store;
    this.port = port;
    this.#options = options;
  }

  /** Makes an empty store and starts a server on it. */
  static async start(storeName: StoreName, options: ServerOptions = {}): Promise<Server> {
    const server = await Server.prepare(storeName, options);
    await server.run();
    return server;
  }

  /** Makes an empty store for a server that is not started yet. */
  static async prepare(storeName: StoreName, options: ServerOptions = {}): Promise<Server> {
    return Server.on(await createStore(storeName), options);
  }

  /** Makes a server, not started yet, on a store that is removed with it. */
  static async on(store: Store, options: ServerOptions = {}): Promise<Server> {
    return new Server(store, await freePort(), options);
  }

  /** The server's address. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What the server has said. */
  get log(): string {
    return this.#log;
  }

  /** Starts the process and waits until it answers. */
  async run(): Promise<void> {
    const child = spawn(
      serverProgram(),
      ["serve", "--dev", "--listen", `127.0.0.1:${this.port}`, "--store", this.#store.address]
        .concat("--demo", demoFolder())
        .concat(this.#options.flags ?? []),
      { stdio: ["ignore", "pipe", "pipe"], env: environment() },
    );
    this.#process = child;
    // However this process ends, the server ends with it.
    const orphaned = (): boolean => child.kill("SIGKILL");
    process.once("exit", orphaned);
    child.once("exit", () => process.off("exit", orphaned));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (words: string) => {
        this.#log = (this.#log + words).slice(-LOG_CHARACTERS_MAX);
      });
    }
    await until(
      "the server answers",
      async () => {
        if (child.exitCode !== null) {
          throw new Error(`the server ended with ${child.exitCode}:\n${this.#log}`);
        }
        return isHealthy(this.url);
      },
      (healthy) => healthy,
    );
  }

  /** Makes every decision in the store again, as an operator does; fails if one differs. */
  async verify(): Promise<void> {
    await promisify(execFile)(serverProgram(), ["verify", "--all", "--store", this.#store.address], {
      env: environment(),
    });
  }

  /** Ends the process at once, whatever it is doing. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks the process to end, and waits for it. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends the process and removes its store. */
  async remove(): Promise<void> {
    await this.kill();
    await this.#store.remove();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** A token that holds for `ttl` (as in `3s`), signed with the development secret or another. */
export async function issueToken(account: string, ttl: string, secret?: string): Promise<string> {
  const flags = ["token", "--account", account, "--ttl", ttl];
  const signed = secret === undefined ? flags : [...flags, "--jwt-secret", secret];
  const { stdout } = await promisify(execFile)(serverProgram(), signed, { env: environment() });
  return stdout.trim();
}

/** The own environment without what would set the server up differently. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TIDINGS_")));
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
