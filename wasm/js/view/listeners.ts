/**
 * Listeners of one kind of event. An error thrown by one is reported as uncaught, and the others
 * are still called.
 */

/** Ends a subscription; has no effect when called again. */
export type Unsubscribe = () => void;

/** A subscription whose listener was called when it was made. */
export interface Subscription {
  /** Ends it; has no effect when called again. */
  close(): void;
}

/** A set of listeners. */
export class Listeners<News extends unknown[]> {
  readonly #listeners = new Set<(...news: News) => void>();

  /** Adds a listener; the same function may be added several times. */
  add(listener: (...news: News) => void): Unsubscribe {
    const own = (...news: News): void => {
      listener(...news);
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Calls every current listener. */
  tell(...news: News): void {
    for (const listener of [...this.#listeners]) {
      if (this.#listeners.has(listener)) {
        protect(() => {
          listener(...news);
        });
      }
    }
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  clear(): void {
    this.#listeners.clear();
  }
}

/** Runs the app's code; an error is reported as uncaught, and does not reach the caller. */
export function protect(run: () => void): void {
  try {
    run();
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  if ("reportError" in globalThis) {
    globalThis.reportError(error);
  } else {
    queueMicrotask(() => {
      throw error;
    });
  }
}
