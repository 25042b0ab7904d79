/** What both kinds of device are measured with. */
import type { DeviceOptions } from "./acts.js";

/** The server, the account, and what to open. */
export interface Plan {
  readonly device: Omit<DeviceOptions, "store">;
  /** The long conversations. */
  readonly long: readonly string[];
  readonly rounds: number;
}

/** Messages sent before the measured ones, so that the engine has compiled what they need. */
export const WARM_UP = 300;
/** Messages of which the mean is taken. */
export const SENT = 300;
/** Messages as fast as people write: what is stored of a timeline once a second is stored for each. */
export const TALK = { count: 10, pauseMs: 1_500 };
