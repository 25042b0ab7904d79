/** What an app downloads of the package. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const PACKAGE = fileURLToPath(new URL("..", import.meta.resolve("tidings")));
/** The entry for Node.js: no browser loads it. */
const NODE_ENTRY = "dist/node.js";

/** Bytes of the same thing. */
export interface Size {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** The module and the scripts, with the best that the compressions can do. */
export async function packageSize(): Promise<{ module: Size; scripts: Size }> {
  const scripts = await Promise.all((await packageScripts()).map((script) => readFile(join(PACKAGE, script))));
  return {
    module: sizeOf(await readFile(join(PACKAGE, "pkg", "tidings_bg.wasm"))),
    scripts: sizeOf(Buffer.concat(scripts)),
  };
}

/** The scripts that a browser loads, from the package's folder. */
export async function packageScripts(): Promise<string[]> {
  const entries = await readdir(join(PACKAGE, "dist"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".js"));
  const scripts = files.map((file) => relative(PACKAGE, join(file.parentPath, file.name)));
  return [...scripts.filter((script) => script !== NODE_ENTRY), "pkg/tidings.js"].sort();
}

function sizeOf(bytes: Buffer): Size {
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const brotli = brotliCompressSync(bytes, { params: { ...quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }).length, brotli: brotli.length };
}
