/** The scripts of the package as an app ships them: one file, and minified. */
import { fileURLToPath } from "node:url";

import { rolldown } from "rolldown";

/** Where browsers find the package. */
const ENTRY = fileURLToPath(new URL("index.js", import.meta.resolve("tidings")));

/** Bundles them; the module stays a file of its own, where the package has it. */
export async function bundled(): Promise<string> {
  const bundle = await rolldown({ input: ENTRY, platform: "browser" });
  try {
    const { output } = await bundle.generate({ format: "esm", minify: true });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}
