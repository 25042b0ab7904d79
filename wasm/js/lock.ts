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
  const waiting = new AbortController();
  const timer = setTimeout(() => {
    waiting.abort();
  }, WAIT_MS);
  return new Promise<Release | undefined>((resolve, reject) => {
    const hold = (): Promise<void> =>
      new Promise<void>((release) => {
        clearTimeout(timer);
        resolve(release);
      });
    locks.request(name, { signal: waiting.signal }, hold).catch((error: unknown) => {
      if (waiting.signal.aborted) {
        resolve(undefined);
      } else {
        reject(error);
      }
    });
  });
}
