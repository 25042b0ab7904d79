/** What of a store nobody else has. All else is the server's too, and is fetched again should it be lost. */
import type { Write } from "../../pkg/tidings.js";

/** Before the keys of such records: `IRREPLACEABLE` of `core/src/engine/store/record.rs`. */
export const IRREPLACEABLE = ["outbox/", "refused/", "membership/", "damaged/"];

/** Whether a write is about such records. */
export function isIrreplaceable(write: Write): boolean {
  if (write.type === "delete_prefix") {
    const { prefix } = write;
    return IRREPLACEABLE.some((kept) => prefix.startsWith(kept) || kept.startsWith(prefix));
  }
  return IRREPLACEABLE.some((kept) => write.key.startsWith(kept));
}
