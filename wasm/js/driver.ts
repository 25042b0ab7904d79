/**
 * Drives one engine: every input is followed by all of its outputs; frames go to
 * the link, tasks to the store in the order given, updates to the client. The
 * engine decides everything; here are only the clocks, the timer and the order.
 *
 * A panic in the engine is a trap, after which the module is made anew and
 * another engine goes on from the store: a few times, then it is given up.
 */
import { Engine, type Cause, type EngineConfig, type Input, type Output, type StorageAnswer, type Update } from "../pkg/tidings.js";
import { fromModule, isTidingsError, type TidingsError } from "./error.js";
import { errorOf, onEnginesLost, renewModule } from "./init.js";
import { Link } from "./link.js";
import type { WebSocketConstructor } from "./platform.js";
import type { TokenRequest } from "./options.js";
import type { Store } from "./store/store.js";

/** The longest that a timer can wait, in milliseconds. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** How often the engine may stop within the time below before it is given up. */
const STOPS_MAX = 4;
const STOPS_WITHIN_MS = 60_000;

/** The wait before another engine is started, doubled with each stop; the first one does not wait. */
const RESTART_DELAY_MS = 100;

/** What the driver needs and whom it tells. */
export interface DriverOptions {
  readonly config: Omit<EngineConfig, "seed">;
  readonly url: string;
  readonly webSocket: WebSocketConstructor;
  readonly store: Store;
  /** Gives a bearer token. */
  token(request: TokenRequest): Promise<string> | string;
  /** The app gave none. */
  onTokenError(error: TidingsError): void;
  /** Takes what changed by one input, after all of its outputs were carried out. */
  onUpdates(updates: Update[]): void;
  /** The engine stopped; another one will go on from the store. */
  onStopped(): void;
  /** Another engine reads the store, and takes inputs. */
  onRestarted(): void;
  /** The engine is of no more use; nothing comes after this. */
  onFailure(error: TidingsError): void;
}

/** One running engine with what it runs on. */
export class Driver {
  readonly #options: DriverOptions;
  /** None between a stop and the next start. */
  #engine: Engine | undefined;
  readonly #link: Link;
  #store: Store;
  /** Whether the store is let go for another tab, until it is opened again. */
  #isSuspended = false;
  /** Whether the stored state is read; without it the engine must not go on. */
  #isStarted = false;
  #isStopped = false;
  #tasks: Promise<void> = Promise.resolve();
  #taskCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the engine stopped lately. */
  #stops: number[] = [];
  readonly #release: () => void;

  /** Makes the engine and carries out its first outputs. Throws when the config is none. */
  constructor(options: DriverOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#link = new Link(options.url, options.webSocket, {
      opened: () => {
        this.#tell("link_opened");
      },
      received: (frame) => {
        this.#tell((engine) => {
          engine.frameReceived(monotonicMs(), Date.now(), frame);
        });
      },
      lost: () => {
        this.#tell("link_lost");
      },
    });
    this.#release = onEnginesLost(() => {
      this.#engineLost();
    });
    try {
      this.#engine = this.#newEngine();
    } catch (error) {
      this.#release();
      throw fromModule(error);
    }
    this.#drain();
  }

  /** Whether there is an engine to take inputs. */
  get isRunning(): boolean {
    return this.#engine !== undefined;
  }

  /** Gives the engine an input. Throws what is wrong with it, or that the client is closed. */
  input(input: Input): void {
    this.#give((engine) => {
      engine.handle(monotonicMs(), Date.now(), input);
    });
  }

  #give(give: (engine: Engine) => void): void {
    if (this.#isStopped) {
      throw errorOf("client_closed", "");
    }
    if (this.#engine === undefined) {
      throw this.#isSuspended
        ? errorOf("store_in_use", "another tab has the store")
        : errorOf("engine_stopped", "the engine starts again");
    }
    try {
      give(this.#engine);
    } catch (thrown) {
      const error = fromModule(thrown);
      if (error === thrown) {
        this.#engineStopped(thrown);
        // Nothing of the input was stored: that is asked for by the outputs.
        throw errorOf("engine_stopped", "the engine stopped", { cause: thrown });
      }
      throw error;
    }
    this.#drain();
  }

  /** The platform says that there is no network. */
  networkLost(): void {
    this.#link.lose();
  }

  /** Ends the engine when everything it wrote is stored, and lets link and store go. */
  async close(): Promise<void> {
    await this.#storageIdle();
    if (this.#isStopped) {
      return;
    }
    this.#tell("close");
    if (this.#isStopped) {
      return;
    }
    this.#stop();
    await this.#storageIdle();
    this.#engine?.free();
    this.#store.close();
  }

  /**
   * Lets the store go at once, for another tab: what is under way is stored or not. With `last` the engine may still
   * store what it keeps for its next start.
   */
  suspend(last: boolean): void {
    if (this.#isStopped || this.#isSuspended) {
      return;
    }
    if (last && this.#isStarted) {
      this.#tell("close");
    }
    this.#isSuspended = true;
    const engine = this.#engine;
    this.#lose();
    engine?.free();
    const store = this.#store;
    void this.#tasks.then(() => {
      store.close();
    });
  }

  /** Goes on with the store, opened again: another engine reads what is there now. */
  async resume(store: Store): Promise<void> {
    await this.#storageIdle();
    if (this.#isStopped) {
      store.close();
      return;
    }
    this.#store = store;
    this.#isSuspended = false;
    this.#startAgain();
  }

  /** Ends the engine at once, for one that never started. */
  abandon(): void {
    this.#stop();
    this.#store.close();
  }

  /** An input of the platform: it cannot be wrong, and nobody waits for it. */
  #tell(what: Input | ((engine: Engine) => void)): void {
    if (this.#isStopped) {
      return;
    }
    try {
      if (typeof what === "function") {
        this.#give(what);
      } else {
        this.input(what);
      }
    } catch (error) {
      if (this.#engine !== undefined) {
        this.#fail(error);
      }
    }
  }

  #drain(): void {
    const updates: Update[] = [];
    try {
      for (let output = this.#engine?.poll(); output !== undefined; output = this.#engine?.poll()) {
        if (output.type === "update") {
          this.#isStarted ||= output.update.type === "ready";
          updates.push(output.update);
        } else {
          this.#carryOut(output);
        }
      }
    } catch (thrown) {
      const error = fromModule(thrown);
      if (error === thrown) {
        this.#engineStopped(thrown);
      } else {
        this.#fail(error);
      }
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
        void this.#giveToken(output.refused);
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
    const engine = this.#engine;
    this.#taskCount += 1;
    this.#tasks = this.#tasks.then(async () => {
      const answer = await this.#store.run(task.request);
      this.#taskCount -= 1;
      // What a lost engine asked for is carried out; nobody waits for the answer.
      if (engine === this.#engine) {
        this.#finish(task.task, answer);
      }
    });
  }

  #finish(task: number, answer: StorageAnswer): void {
    if (!this.#isStarted && typeof answer === "object" && "failed" in answer) {
      // An engine that took this for an empty store would write over the stored one.
      this.#fail(errorOf(answer.failed, "the stored state cannot be read"));
      return;
    }
    this.#tell((engine) => {
      engine.storageFinished(monotonicMs(), Date.now(), task, answer);
    });
  }

  /** Waits until no task is under way; a task that ends may give out another. */
  async #storageIdle(): Promise<void> {
    while (this.#taskCount > 0) {
      await this.#tasks;
    }
  }

  async #giveToken(reason: Cause | undefined): Promise<void> {
    const engine = this.#engine;
    let input: Input;
    try {
      // In a turn of its own: the app's code must not run between two outputs.
      await Promise.resolve();
      input = { token: textOf(await this.#options.token({ reason })) };
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      input = { token_failed: detail };
      if (!this.#isStopped) {
        this.#options.onTokenError(errorOf("token_unavailable", detail, { cause }));
      }
    }
    if (engine === this.#engine) {
      this.#tell(input);
    }
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
          this.#tell("timer_due");
        }
      },
      Math.min(wait, TIMEOUT_MS_MAX),
    );
  }

  #newEngine(): Engine {
    const seed = crypto.getRandomValues(new Uint8Array(32));
    return new Engine(monotonicMs(), Date.now(), { ...this.#options.config, seed });
  }

  /** The module trapped: what is in its memory is lost, what was stored is not. */
  #engineStopped(cause: unknown): void {
    if (this.#isStopped || this.#engine === undefined) {
      return;
    }
    const now = monotonicMs();
    this.#stops = [...this.#stops.filter((stop) => now - stop < STOPS_WITHIN_MS), now];
    if (this.#stops.length >= STOPS_MAX) {
      this.#engine = undefined;
      this.#fail(cause);
    }
    try {
      // Tells every driver, this one included.
      renewModule();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The engine is gone with its module: another one goes on from the store. */
  #engineLost(): void {
    if (this.#isStopped || this.#engine === undefined) {
      return;
    }
    this.#lose();
    void this.#restart();
  }

  #lose(): void {
    this.#engine = undefined;
    this.#isStarted = false;
    clearTimeout(this.#timer);
    this.#link.close();
  }

  async #restart(): Promise<void> {
    await this.#storageIdle();
    if (this.#isStopped || this.#isSuspended) {
      return;
    }
    this.#options.onStopped();
    const wait = this.#stops.length < 2 ? 0 : RESTART_DELAY_MS * 2 ** (this.#stops.length - 2);
    this.#timer = setTimeout(() => {
      this.#startAgain();
    }, wait);
  }

  #startAgain(): void {
    if (this.#isStopped || this.#isSuspended) {
      return;
    }
    try {
      this.#engine = this.#newEngine();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#drain();
    if (this.isRunning) {
      this.#tellRestarted();
    }
  }

  #tellRestarted(): void {
    try {
      this.#options.onRestarted();
    } catch (error) {
      if (this.#engine !== undefined) {
        this.#fail(error);
      }
    }
  }

  /** It cannot go on: this engine is lost, what it stored is not. */
  #fail(cause: unknown): void {
    if (this.#isStopped) {
      return;
    }
    this.abandon();
    const known = fromModule(cause);
    this.#options.onFailure(isTidingsError(known) ? known : errorOf("engine_stopped", "the engine stopped", { cause }));
  }

  #stop(): void {
    this.#isStopped = true;
    this.#release();
    clearTimeout(this.#timer);
    this.#link.close();
  }
}

/** What the app gave for a token, if it can be one. */
function textOf(token: unknown): string {
  if (typeof token !== "string" || token === "") {
    throw new TypeError(`options.token gave ${token === "" ? "an empty text" : typeof token} instead of a token`);
  }
  return token;
}

function monotonicMs(): number {
  return Math.floor(performance.now());
}
