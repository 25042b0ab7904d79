/**
 * One writer per store: a Web Lock is held for as long as a client is open, so
 * that two tabs or workers never run an engine on one store at the same time.
 * Where there are no Web Locks (Node.js before 24) there are no tabs either.
 *
 * A tab that is frozen, or busy for very long, may still hold the lock. Whoever
 * waits asks it, and takes the lock from one that does not answer. It is safe to
 * be wrong about that: the store lets the newest writer write only
 * (`store/database.ts`).
 */
import { answerAsHolder, holderIsSilent } from "./holder.js";

/**
 * How long a reloaded page waits for the page it replaces to let go. Only a
 * store that is held for longer is in use.
 */
const WAIT_MS = 500;

/** Lets the lock go. */
export type Release = () => void;

/** How somebody wants a lock. */
export interface LockRequest {
  /** Called when another one holds it; whether to wait until that one lets it go, or falls silent. */
  onBusy(): boolean;
  /** The lock was held, and another one took it. */
  onLost(): void;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Takes the lock, or answers none when something else holds it and it is not waited for any longer. */
export async function acquireLock(name: string, wanted: LockRequest): Promise<Release | undefined> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) {
    return () => undefined;
  }
  const ask = (options: LockOptions): Promise<Release | undefined> => request(locks, name, options, wanted.onLost);
  // Who holds it is the browser's to say, however long it takes; the wait is only for a holder who goes. A page
  // that is too busy to hear of a lock that was given to it in time asks again.
  const now = { ifAvailable: true };
  const soon = (await ask(now)) ?? (await unlessAborted(ask, AbortSignal.timeout(WAIT_MS))) ?? (await ask(now));
  if (soon !== undefined || !wanted.onBusy()) {
    return soon;
  }
  return outwait(name, ask, wanted.signal);
}

/** Waits for as long as it takes, and takes the lock from a holder that has fallen silent. */
async function outwait(
  name: string,
  ask: (options: LockOptions) => Promise<Release | undefined>,
  signal: AbortSignal | undefined,
): Promise<Release | undefined> {
  const waiting = new AbortController();
  const stop = (): void => {
    waiting.abort();
  };
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) {
    stop();
  }
  try {
    const granted = unlessAborted(ask, waiting.signal);
    const silent = holderIsSilent(name, waiting.signal);
    await Promise.race([granted, silent]);
    waiting.abort();
    // It may have been granted at the last moment.
    const release = await granted;
    return release ?? (signal?.aborted === true ? undefined : await ask({ steal: true }));
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Waits for the lock until the signal says that it is no use. */
async function unlessAborted(
  ask: (options: LockOptions) => Promise<Release | undefined>,
  signal: AbortSignal,
): Promise<Release | undefined> {
  try {
    return await ask({ signal });
  } catch (error) {
    if (signal.aborted) {
      return undefined;
    }
    throw error;
  }
}

/** Asks for the lock; answers none when it is not to be had. */
function request(
  locks: LockManager,
  name: string,
  options: LockOptions,
  onLost: () => void,
): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    let end: Release | undefined;
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => {
        const stopAnswering = answerAsHolder(name);
        end = () => {
          end = undefined;
          stopAnswering();
          release();
        };
        resolve(() => end?.());
      });
    };
    locks.request(name, options, hold).catch((error: unknown) => {
      if (end === undefined) {
        reject(error);
        return;
      }
      // It was held and not let go: somebody took it.
      end();
      onLost();
    });
  });
}
