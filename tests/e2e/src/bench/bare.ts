/**
 * The least that a client does, beside the package in the same run: a socket that sends texts and counts
 * those that come, against the bare server of `cargo xtask bench server`, which stores each and passes it on.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { WebSocket } from "ws";

import { required } from "../support/environment.js";
import { caseFigures, type Figures } from "./figures.js";
import { NODE } from "./growth.js";
import { BURST, MISSED, SENT, spent, text } from "./growth_round.js";

/** Measures what of the growing cases a server without a history can be asked for, so often. */
export async function bare(rounds: number): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-bare-"));
  const program = required("TIDINGS_LOAD_BIN", "the load client");
  const child = spawn(program, ["raw", "--store", `sqlite:${join(folder, "bare.db")}`], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const url = line.replace("listening on http", "ws");
    const measured = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push(await measureRound(`${url}/round-${round}`));
    }
    return caseFigures(measured);
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureRound(url: string): Promise<Record<string, number>> {
  const [ann, bob] = [await Socket.open(url), await Socket.open(url)];
  const sent = await spent(NODE, async () => {
    ann.send(SENT);
    await bob.received(SENT);
  });
  const burst = await spent(NODE, async () => {
    ann.send(MISSED);
    bob.send(BURST);
    await Promise.all([ann.received(BURST), bob.received(SENT + MISSED)]);
  });
  ann.close();
  bob.close();
  return {
    sender_per_second: (SENT / sent.ms) * 1_000,
    sender_cpu_ms: sent.processor / SENT,
    burst_ms: burst.ms,
    burst_cpu_ms: burst.processor,
  };
}

/** A socket of the bare server, which answers each text to whoever sent it with one byte. */
class Socket {
  readonly #socket: WebSocket;
  #count = 0;
  #waiting: { count: number; resolve(): void } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (message: Buffer) => {
      this.#count += message.length > 1 ? 1 : 0;
      if (this.#waiting !== undefined && this.#count >= this.#waiting.count) {
        this.#waiting.resolve();
      }
    });
  }

  static async open(url: string): Promise<Socket> {
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new Socket(socket);
  }

  send(count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.#socket.send(Buffer.from(text(index)));
    }
  }

  /** Waits until so many texts of others have come since it was opened. */
  async received(count: number): Promise<void> {
    if (this.#count < count) {
      await new Promise<void>((resolve) => (this.#waiting = { count, resolve }));
    }
  }

  close(): void {
    this.#socket.close();
  }
}
