/** Waiting for a state that can be seen, with a bound and with words on failure. */
import { isDeepStrictEqual } from "node:util";

/** How long a state may take to come. Longer than any backoff of the first tries on a busy machine. */
export const WAIT_MS = 20_000;
/** How often it is looked at. */
const LOOK_MS = 40;

/** Waits until what is read is as wanted, and answers it. Fails with what was read last. */
export async function until<T>(
  what: string,
  read: () => Promise<T> | T,
  isSo: (value: T) => boolean,
  waitMs: number = WAIT_MS,
): Promise<T> {
  const end = performance.now() + waitMs;
  for (;;) {
    const value = await read();
    if (isSo(value)) {
      return value;
    }
    if (performance.now() > end) {
      throw new Error(`${what}: not so within ${waitMs / 1000} s; last seen: ${JSON.stringify(value, null, 1)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Waits until what is read equals what is wanted. */
export async function untilEqual<T>(what: string, read: () => Promise<T> | T, wanted: T): Promise<void> {
  await until(`${what}: wanted ${JSON.stringify(wanted)}`, read, (value) => isDeepStrictEqual(value, wanted));
}
