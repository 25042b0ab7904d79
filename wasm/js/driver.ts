/**
 * Drives one engine: every input is followed by all of its outputs; frames go to
 * the link, tasks to the store in the order given, updates to the client. The
 * engine decides everything; here are only the clocks, the timer and the order.
 */
import { Engine, type EngineConfig, type Input, type Output, type StorageAnswer, type Update } from "../pkg/tidings.js";
import { fromModule, isTidingsError, type TidingsError } from "./error.js";
import { errorOf } from "./init.js";
import { Link } from "./link.js";
import type { WebSocketConstructor } from "./platform.js";
import type { Store } from "./store/store.js";

/** The longest that a timer can wait, in milliseconds. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** What the driver needs and whom it tells. */
export interface DriverOptions {
  readonly config: Omit<EngineConfig, "seed">;
  readonly url: string;
  readonly webSocket: WebSocketConstructor;
  readonly store: Store;
  /** Gives a bearer token. */
  token(): Promise<string> | string;
  /** Takes what changed by one input, after all of its outputs were carried out. */
  onUpdates(updates: Update[]): void;
  /** The engine is of no more use; nothing comes after this. */
  onFailure(error: TidingsError): void;
}

/** One running engine with what it runs on. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #engine: Engine;
  readonly #link: Link;
  readonly #store: Store;
  /** The first task reads the stored state; without it the engine must not go on. */
  #isStarted = false;
  #isStopped = false;
  #tasks: Promise<void> = Promise.resolve();
  #taskCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes the engine and carries out its first outputs. Throws when the config is none. */
  constructor(options: DriverOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#link = new Link(options.url, options.webSocket, {
      opened: () => {
        this.#tell({ type: "link_opened" });
      },
      received: (frame) => {
        this.#tell({ type: "frame_received", frame });
      },
      lost: () => {
        this.#tell({ type: "link_lost" });
      },
    });
    const seed = crypto.getRandomValues(new Uint8Array(32));
    try {
      this.#engine = new Engine(monotonicMs(), Date.now(), { ...options.config, seed });
    } catch (error) {
      throw fromModule(error);
    }
    this.#drain();
  }

  /** Gives the engine an input. Throws what is wrong with it, or that the client is closed. */
  input(input: Input): void {
    if (this.#isStopped) {
      throw errorOf("client_closed", "");
    }
    try {
      this.#engine.handle(monotonicMs(), Date.now(), input);
    } catch (thrown) {
      const error = fromModule(thrown);
      if (error === thrown) {
        this.#fail(thrown);
        throw errorOf("internal", "the engine stopped", { cause: thrown });
      }
      throw error;
    }
    this.#drain();
  }

  /** Ends the engine when everything it wrote is stored, and lets link and store go. */
  async close(): Promise<void> {
    await this.#storageIdle();
    if (this.#isStopped) {
      return;
    }
    this.#tell({ type: "close" });
    if (this.#isStopped) {
      return;
    }
    this.#stop();
    await this.#storageIdle();
    this.#engine.free();
    this.#store.close();
  }

  /** Ends the engine at once, for one that never started. */
  abandon(): void {
    this.#stop();
    this.#store.close();
  }

  /** An input of the platform: it cannot be wrong, and nobody waits for it. */
  #tell(input: Input): void {
    if (this.#isStopped) {
      return;
    }
    try {
      this.input(input);
    } catch (error) {
      this.#fail(error);
    }
  }

  #drain(): void {
    const updates: Update[] = [];
    try {
      for (let output = this.#engine.poll(); output !== undefined; output = this.#engine.poll()) {
        if (output.type === "update") {
          updates.push(output.update);
        } else {
          this.#carryOut(output);
        }
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (updates.length > 0) {
      this.#options.onUpdates(updates);
    }
  }

  #carryOut(output: Exclude<Output, { type: "update" }>): void {
    switch (output.type) {
      case "send":
        this.#link.send(output.frame);
        break;
      case "storage":
        this.#schedule(output);
        break;
      case "need_token":
        void this.#giveToken();
        break;
      case "connect":
        this.#link.open();
        break;
      case "disconnect":
        this.#link.close();
        break;
      case "wake_at":
        this.#arm(output.at);
        break;
    }
  }

  #schedule(task: Extract<Output, { type: "storage" }>): void {
    this.#taskCount += 1;
    this.#tasks = this.#tasks.then(async () => {
      const answer = await this.#store.run(task.request);
      this.#taskCount -= 1;
      this.#finish(task.task, answer);
    });
  }

  #finish(task: number, answer: StorageAnswer): void {
    if (!this.#isStarted && answer.type === "failed") {
      // An engine that took this for an empty store would write over the stored one.
      this.#fail(errorOf(answer.code, "the stored state cannot be read"));
      return;
    }
    this.#isStarted = true;
    this.#tell({ type: "storage_finished", task, answer });
  }

  /** Waits until no task is under way; a task that ends may give out another. */
  async #storageIdle(): Promise<void> {
    while (this.#taskCount > 0) {
      await this.#tasks;
    }
  }

  async #giveToken(): Promise<void> {
    let token: string;
    try {
      // In a turn of its own: the app's code must not run between two outputs.
      await Promise.resolve();
      token = await this.#options.token();
    } catch {
      this.#tell({ type: "token_failed" });
      return;
    }
    this.#tell(typeof token === "string" ? { type: "token", token } : { type: "token_failed" });
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.ceil(at - performance.now()));
    this.#timer = setTimeout(
      () => {
        // Too early for a wait beyond what a timer takes, and by a hair on some platforms.
        if (monotonicMs() < at) {
          this.#arm(at);
        } else {
          this.#tell({ type: "timer_due" });
        }
      },
      Math.min(wait, TIMEOUT_MS_MAX),
    );
  }

  /** The module trapped or answered what it must not: this engine is lost, what it stored is not. */
  #fail(cause: unknown): void {
    if (this.#isStopped) {
      return;
    }
    this.abandon();
    const known = fromModule(cause);
    this.#options.onFailure(isTidingsError(known) ? known : errorOf("internal", "the engine stopped", { cause }));
  }

  #stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#link.close();
  }
}

function monotonicMs(): number {
  return Math.floor(performance.now());
}
