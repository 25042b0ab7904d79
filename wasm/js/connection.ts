/**
 * The connection state of a client: as its engine reports it, or that another tab has the store
 * and there is no engine.
 */
import type { ConnectionState as EngineConnectionState } from "../pkg/tidings.js";

/** The state of the connection. */
export type ConnectionState =
  | EngineConnectionState
  /**
   * The store is open in another tab, which took it over while this page was frozen or did not
   * answer. The client continues on its own when it gets the store back; until then commands are
   * refused with `store_in_use`.
   */
  | { readonly type: "store_in_use" };
