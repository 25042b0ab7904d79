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

/** Number of times that the engine may stop within the period below before it is given up. */
const STOPS_MAX = 4;
const STOPS_WITHIN_MS = 60_000;

/** Delay before a new engine is started, doubled with each stop; the first restart is immediate. */
const RESTART_DELAY_MS = 100;

/** The driver's environment and callbacks. */
export interface DriverOptions {
  readonly config: Omit<EngineConfig, "seed">;
  readonly url: string;
  readonly webSocket: WebSocketConstructor;
  readonly store: Store;
  /** Gives a bearer token. */
  token(request: TokenRequest): Promise<string> | string;
  /** The app gave none. */
  onTokenError(error: TidingsError): void;
  /** Called with everything that one input changed, after all of its outputs were carried out. */
  onUpdates(updates: Update[]): void;
  /** The engine has stopped; another one will continue from the store. */
  onStopped(): void;
  /** A new engine reads the store, and accepts inputs. */
  onRestarted(): void;
  /** The engine cannot continue; no further calls follow. */
  onFailure(error: TidingsError): void;
}

/** One running engine with what it runs on. */
export class Driver {
  readonly #options: DriverOptions;
  /** None between a stop and the next start. */
  #engine: Engine | undefined;
  readonly #link: Link;
  #store: Store;
  /** True while the store is released for another tab, until it is opened again. */
  #isSuspended = false;
  /** True once the stored state is read; without it the engine must not continue. */
  #isStarted = false;
  #isStopped = false;
  #tasks: Promise<void> = Promise.resolve();
  #taskCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The times of recent stops. */
  #stops: number[] = [];
  readonly #release: () => void;

  /** Creates the engine and carries out its first outputs. Throws if the config is invalid. */
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

  /** True if there is an engine to take inputs. */
  get isRunning(): boolean {
    return this.#engine !== undefined;
  }

  /** Gives the engine an input. Throws if the input is invalid, or the client closed. */
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
        // Nothing of the input was stored, because outputs request that.
        throw errorOf("engine_stopped", "the engine stopped", { cause: thrown });
      }
      throw error;
    }
    this.#drain();
  }

  /** The platform reports that there is no network. */
  networkLost(): void {
    this.#link.lose();
  }

  /** Ends the engine when everything it wrote is stored, and releases link and store. */
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
   * Releases the store at once, for another tab: pending writes may or may not be stored. With
   * `last` the engine may still store what it keeps for its next start.
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

  /** Continues with the store, opened again: a new engine reads what is there now. */
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

  /** An input from the platform: it is always valid, and nobody waits for it. */
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
      // Requests of a lost engine are carried out, but nobody waits for the answers.
      if (engine === this.#engine) {
        this.#finish(task.task, answer);
      }
    });
  }

  #finish(task: number, answer: StorageAnswer): void {
    if (!this.#isStarted && typeof answer === "object" && "failed" in answer) {
      // An engine that took this for an empty store would overwrite the stored state.
      this.#fail(errorOf(answer.failed, "the stored state cannot be read"));
      return;
    }
    this.#tell((engine) => {
      engine.storageFinished(monotonicMs(), Date.now(), task, answer);
    });
  }

  /** Waits until no task is pending; a task that ends may cause another one. */
  async #storageIdle(): Promise<void> {
    while (this.#taskCount > 0) {
      await this.#tasks;
    }
  }

  async #giveToken(reason: Cause | undefined): Promise<void> {
    const engine = this.#engine;
    let input: Input;
    try {
      // In a microtask of its own: the app's code must not run between two outputs.
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
        // The timer fired early: because of its maximum, or by a hair on some platforms.
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

  /** The module trapped: its memory is lost, but not what was stored. */
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
      // Notifies every driver, this one included.
      renewModule();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The engine is gone with its module: another one continues from the store. */
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

  /** This engine cannot continue; what it stored is not lost. */
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

/** The app's token, if it can be one. */
function textOf(token: unknown): string {
  if (typeof token !== "string" || token === "") {
    throw new TypeError(`options.token gave ${token === "" ? "an empty text" : typeof token} instead of a token`);
  }
  return token;
}

function monotonicMs(): number {
  return Math.floor(performance.now());
}
