// The lines of the README, as an app writes them.
import { init } from "tidings";

import { talk } from "./talk.js";

await talk(() => init());
