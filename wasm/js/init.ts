/**
 * Loads the WebAssembly module, once for all clients of a page or worker.
 * A load that failed leaves nothing behind and may be tried again.
 */
import loadModule, { __wbg_reset_state as resetModule, isRetryable as isCodeRetryable, type Code } from "../pkg/tidings.js";
import { TidingsError } from "./error.js";
import { currentPlatform, type ModuleSource } from "./platform.js";

/** The first byte of a page that a server may send in place of a missing file; a module begins with a zero. */
const LESS_THAN = "<".charCodeAt(0);

/** Advice if the module is not where this script looks for it. */
const ADVICE =
  "The bundler moved the script away from its module: with Vite add `optimizeDeps: { exclude: [\"tidings\"] }` " +
  "to the configuration, with another give `init` the module's address (README of tidings, Bundlers)";

let loading: Promise<void> | undefined;
let loaded = false;
/** Callbacks of those who have an engine in the module, and lose it when the module is replaced. */
const engines = new Set<() => void>();

/**
 * Loads the module. Call it before anything else; later calls do nothing.
 *
 * Without a source the module is read from beside this package: fetched in
 * browsers, read from disk in Node.js. Give a URL where a bundler or a content
 * policy puts it elsewhere, or the compiled module itself.
 *
 * Rejects with `module_unavailable`; the next call tries again.
 */
export function init(source?: ModuleSource): Promise<void> {
  loading ??= load(source).catch((cause: unknown) => {
    loading = undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidingsError("module_unavailable", reason, true, { cause });
  });
  return loading;
}

/** Calls the listener when the engines of this module are lost. Returns a function that ends that. */
export function onEnginesLost(listener: () => void): () => void {
  engines.add(listener);
  return () => {
    engines.delete(listener);
  };
}

/**
 * Replaces a module that trapped with a fresh instance, because its memory may be in any state and
 * its stack is not freed. Every engine in it is lost, not only the one that trapped.
 */
export function renewModule(): void {
  resetModule();
  for (const lost of [...engines]) {
    lost();
  }
}

/** Throws unless the module is loaded, or being loaded. */
export function requireInit(): void {
  if (loading === undefined) {
    throw new TidingsError("module_unavailable", "call init() first", true);
  }
}

/** Waits for a module that is being loaded. */
export async function moduleLoaded(): Promise<void> {
  requireInit();
  await loading;
}

/** Returns true if the same request may succeed later without being changed. The module must be loaded. */
export function isRetryable(code: Code): boolean {
  if (!loaded) {
    throw new TidingsError("module_unavailable", "call and await init() first", true);
  }
  return isCodeRetryable(code);
}

/** Creates an error whose code determines if it may be retried; the module must be loaded. */
export function errorOf(code: Code, message: string, options?: ErrorOptions): TidingsError {
  return new TidingsError(code, message, isRetryable(code), options);
}

/** As `errorOf`, after waiting for a module that is being loaded. */
export async function failureOf(code: Code, message: string, options?: ErrorOptions): Promise<TidingsError> {
  await moduleLoaded();
  return errorOf(code, message, options);
}

async function load(source: ModuleSource | undefined): Promise<void> {
  await loadModule({ module_or_path: await resolve(source) });
  loaded = true;
}

async function resolve(
  source: ModuleSource | undefined,
): Promise<BufferSource | WebAssembly.Module | Response> {
  if (source !== undefined && typeof source !== "string" && !(source instanceof URL)) {
    return source;
  }
  const bytes = await currentPlatform().readModule(source);
  if (bytes !== undefined) {
    return bytes;
  }
  // Written like this so that bundlers find the file and include it.
  return download(source ?? unmoved(new URL("../pkg/tidings_bg.wasm", import.meta.url)));
}

/**
 * The module's address if the development server of Vite before 8 has put this script into its
 * cache, without the file beside it.
 */
function unmoved(address: URL): string | URL {
  const moved = "/node_modules/.vite/pkg/";
  // Turbopack gives an address without a host here, which only `fetch` accepts.
  return address.href.includes(moved) ? address.href.replace(moved, "/node_modules/tidings/pkg/") : address;
}

/** Fetches the module; compiles it while it arrives, if served with the right type. */
async function download(address: string | URL): Promise<ArrayBuffer | Response> {
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`${response.url} answered ${response.status}. ${ADVICE}`);
  }
  if (response.headers.get("content-type")?.startsWith("application/wasm") === true) {
    return response;
  }
  const bytes = await response.arrayBuffer();
  if (new Uint8Array(bytes)[0] === LESS_THAN) {
    throw new Error(`${response.url} is a page instead of the module. ${ADVICE}`);
  }
  return bytes;
}
