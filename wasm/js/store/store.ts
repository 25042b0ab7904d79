/**
 * The client's store interface: whole transactions over an ordered map from text keys to bytes.
 * The requests are the core's, and so is the suite that every store must pass.
 */
import type { StorageAnswer, StorageRequest } from "../../pkg/tidings.js";

/** Where a store keeps its records. */
export type StoreKind = "indexeddb" | "memory";

/** An open store. Requests are carried out one after another. */
export interface Store {
  readonly kind: StoreKind;
  /** Carries out a request; a failure is an answer, not a rejection. */
  run(request: StorageRequest): Promise<StorageAnswer>;
  /** Closes the store; what was answered before is kept. */
  close(): void;
}
