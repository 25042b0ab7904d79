// For a bundler that makes a file of the module only where it is imported.
import { init } from "tidings";
import source from "tidings/wasm";

import { talk } from "./talk.js";

await talk(() => init(source));
