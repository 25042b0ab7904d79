/**
 * A Postgres server of a test's own, that can be killed. It is made with the
 * programs, and runs as the user, of the Postgres server of the tests.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import pg from "pg";

import { postgresUrl } from "./environment.js";
import { freePort } from "./port.js";
import type { Store } from "./store.js";
import { until } from "./until.js";

const SUPERUSER = "tidings";

/** Where the programs are, and whose they are when they run. */
interface Programs {
  readonly folder: string;
  readonly uid: number;
  readonly gid: number;
}

/** A store on a server that can be killed. */
export class Cluster implements Store {
  readonly #folder: string;
  readonly #programs: Programs;
  readonly #port: number;
  #postmaster: ChildProcess | undefined;

  private constructor(folder: string, programs: Programs, port: number) {
    this.#folder = folder;
    this.#programs = programs;
    this.#port = port;
  }

  /** Makes one and starts it. */
  static async start(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), "tidings-cluster-"));
    const programs = await programsOfTests();
    await chown(folder, programs.uid, programs.gid);
    const cluster = new Cluster(folder, programs, await freePort());
    await promisify(execFile)(
      join(programs.folder, "initdb"),
      ["-D", join(folder, "data"), "--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"]
        .concat("--locale", "C", "--no-sync", "--wal-segsize", "1"),
      { cwd: folder, uid: programs.uid, gid: programs.gid },
    );
    await cluster.run();
    return cluster;
  }

  get address(): string {
    return `postgres://${SUPERUSER}@127.0.0.1:${this.#port}/postgres`;
  }

  /** Starts it, and waits until it answers. */
  async run(): Promise<void> {
    const { folder, uid, gid } = this.#programs;
    // To recover it makes its files durable first; one by one that takes seconds on a busy disk.
    const recovery = process.platform === "linux" ? ["-c", "recovery_init_sync_method=syncfs"] : [];
    const child = spawn(
      join(folder, "postgres"),
      ["-D", join(this.#folder, "data"), "-c", `port=${this.#port}`, "-c", "listen_addresses=127.0.0.1"]
        .concat("-c", `unix_socket_directories=${this.#folder}`)
        .concat(recovery),
      { cwd: this.#folder, stdio: "ignore", uid, gid },
    );
    this.#postmaster = child;
    const orphaned = (): boolean => child.kill("SIGQUIT");
    process.once("exit", orphaned);
    child.once("exit", () => process.off("exit", orphaned));
    await until("Postgres answers", () => answers(this.address), Boolean);
  }

  /** Ends it at once, without finishing anything. */
  async kill(): Promise<void> {
    const child = this.#postmaster;
    this.#postmaster = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = once(child, "exit");
    child.kill("SIGQUIT");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function programsOfTests(): Promise<Programs> {
  const client = new pg.Client({ connectionString: postgresUrl() });
  await client.connect();
  try {
    const asked = await client.query<{ folder: string; data: string }>(
      "SELECT setting AS folder, current_setting('data_directory') AS data FROM pg_config WHERE name = 'BINDIR'",
    );
    const [found] = asked.rows;
    if (found === undefined) {
      throw new Error("the Postgres of the tests does not say where it is");
    }
    const { uid, gid } = await stat(found.data);
    return { folder: found.folder, uid, gid };
  } finally {
    await client.end();
  }
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
