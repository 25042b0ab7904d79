/** What an app downloads of the package. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { bundled } from "./bundle.js";

const MODULE = fileURLToPath(import.meta.resolve("tidings/wasm"));

/** Bytes of the same thing. */
export interface Size {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

/** The module and the scripts, with the best that the compressions can do. */
export async function packageSize(): Promise<{ module: Size; scripts: Size }> {
  return { module: sizeOf(await readFile(MODULE)), scripts: sizeOf(Buffer.from(await bundled())) };
}

function sizeOf(bytes: Buffer): Size {
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const brotli = brotliCompressSync(bytes, { params: { ...quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }).length, brotli: brotli.length };
}
