/**
 * Listeners of one kind of news. One that throws is reported as an uncaught
 * error and keeps nobody else from being told.
 */

/** Ends a subscription to news; again does nothing. */
export type Unsubscribe = () => void;

/** A subscription that was given its first news when it was made. */
export interface Subscription {
  /** Ends it; again does nothing. */
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

  /** Tells every listener that is there now. */
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

/** Runs the app's code; what it throws is reported as uncaught, but does not end what runs here. */
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
