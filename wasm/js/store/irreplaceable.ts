/** The records that nobody else has. All others are the server's too, and are fetched again if lost. */
import type { Write } from "../../pkg/tidings.js";

/** Key prefixes of such records: `IRREPLACEABLE` of `core/src/engine/store/record.rs`. */
export const IRREPLACEABLE = ["outbox/", "refused/", "membership/", "damaged/"];

/** Returns true if a write concerns such records. */
export function isIrreplaceable(write: Write): boolean {
  if (write.type === "delete_prefix") {
    const { prefix } = write;
    return IRREPLACEABLE.some((kept) => prefix.startsWith(kept) || kept.startsWith(prefix));
  }
  return IRREPLACEABLE.some((kept) => write.key.startsWith(kept));
}
