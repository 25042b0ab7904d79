/**
 * One writer per store: a Web Lock is held for as long as a client is open, so
 * that two tabs or workers never write one store at the same time. Where there
 * are no Web Locks (Node.js before 24) there are no tabs either.
 */

/**
 * How long a reloaded page waits for the page it replaces to let go. Only a
 * store that is held for longer is in use.
 */
const WAIT_MS = 500;

/** Lets the lock go. */
export type Release = () => void;

/** Takes the lock, or answers none when something else holds it. */
export async function acquireLock(name: string): Promise<Release | undefined> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) {
    return () => undefined;
  }
  // Who holds it is the browser's to say, however long it takes; the wait is only for a holder who goes. A page
  // that is too busy to hear of a lock that was given to it in time asks again.
  const now = { ifAvailable: true };
  return (await request(locks, name, now)) ?? (await wait(locks, name)) ?? request(locks, name, now);
}

/** Waits for whoever holds the lock to let it go. */
async function wait(locks: LockManager, name: string): Promise<Release | undefined> {
  const signal = AbortSignal.timeout(WAIT_MS);
  try {
    return await request(locks, name, { signal });
  } catch (error) {
    if (signal.aborted) {
      return undefined;
    }
    throw error;
  }
}

/** Asks for the lock; answers none when it is not to be had. */
function request(locks: LockManager, name: string, options: LockOptions): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null): Promise<void> | undefined => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => {
        resolve(release);
      });
    };
    locks.request(name, options, hold).catch(reject);
  });
}
