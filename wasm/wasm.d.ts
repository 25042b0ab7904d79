/**
 * The module as the bundler hands it over: its address, or the compiled module.
 * Give it to `init` as it is.
 */
import type { ModuleSource } from "./dist/index.js";

declare const source: ModuleSource;
export default source;
