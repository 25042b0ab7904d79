/**
 * What the client asks of a store: whole transactions over an ordered map from
 * text keys to bytes. The requests are the core's; so is the suite that every
 * store must pass.
 */
import type { StorageAnswer, StorageRequest } from "../../pkg/tidings.js";

/** What a store keeps its records in. */
export type StoreKind = "indexeddb" | "memory";

/** An open store. Requests are carried out one after another. */
export interface Store {
  readonly kind: StoreKind;
  /** Carries out a request; a failure is an answer, not a rejection. */
  run(request: StorageRequest): Promise<StorageAnswer>;
  /** Lets the store go; what was answered before is kept. */
  close(): void;
}
