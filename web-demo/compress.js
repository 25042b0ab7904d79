// Lays a compressed form of each file of dist/ beside it (.br, .gz), for whoever serves the folder as it is:
// once for all visitors, and better than there is time for while one of them waits.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const DIST = new URL("dist/", import.meta.url);
const COMPRESSIBLE = /\.(html|js|css|svg|json|wasm)$/;
// Up to here one packet carries a file either way.
const BYTES_MIN = 1024;
// The highest quality makes the module smaller by a tenth, and takes ten times as long.
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const FORMS = {
  ".br": (content) => promisify(brotliCompress)(content, BROTLI),
  ".gz": promisify(gzip),
};

const names = await readdir(DIST, { recursive: true });
await Promise.all(
  names.filter((name) => COMPRESSIBLE.test(name)).map(async (name) => {
    const file = new URL(name, DIST);
    const content = await readFile(file);
    if (content.length < BYTES_MIN) return;
    for (const [ending, compress] of Object.entries(FORMS)) {
      await writeFile(`${fileURLToPath(file)}${ending}`, await compress(content));
    }
  }),
);
