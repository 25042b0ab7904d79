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
 * Time that a reloaded page waits for the page it replaces to release the lock. Only a store that
 * is held for longer counts as in use.
 */
const WAIT_MS = 500;

/** Releases the lock. */
export type Release = () => void;

/** How to request a lock. */
export interface LockRequest {
  /** Called when another one holds it. Returns true to wait until that one releases it, or falls silent. */
  onBusy(): boolean;
  /** The lock was taken by another one. */
  onLost(): void;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Acquires the lock; resolves to undefined when something else holds it and waiting is over. */
export async function acquireLock(name: string, wanted: LockRequest): Promise<Release | undefined> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) {
    return () => undefined;
  }
  const ask = (options: LockOptions): Promise<Release | undefined> => request(locks, name, options, wanted.onLost);
  // The browser knows the holder, however long it takes to say so; the timeout is only for a holder
  // that is going away. A page that was too busy to notice a lock granted in time asks again.
  const now = { ifAvailable: true };
  const soon = (await ask(now)) ?? (await unlessAborted(ask, AbortSignal.timeout(WAIT_MS))) ?? (await ask(now));
  if (soon !== undefined || !wanted.onBusy()) {
    return soon;
  }
  return outwait(name, ask, wanted.signal);
}

/** Waits as long as necessary, and takes the lock from a holder that has fallen silent. */
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

/** Waits for the lock until the signal aborts. */
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

/** Requests the lock; resolves to undefined when it is not available. */
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
      // It was held and not released: somebody took it.
      end();
      onLost();
    });
  });
}
