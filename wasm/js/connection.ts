/** How the connection of a client stands: as its engine says, or that there is no engine because of another tab. */
import type { ConnectionState as EngineConnectionState } from "../pkg/tidings.js";

/** How the connection stands. */
export type ConnectionState =
  | EngineConnectionState
  /**
   * The store is open in another tab, which took it over while this page was frozen or did not answer. The client
   * goes on by itself when it gets the store back; until then commands are refused with `store_in_use`.
   */
  | { readonly type: "store_in_use" };
