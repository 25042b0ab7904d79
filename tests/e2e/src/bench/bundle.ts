/** The scripts of the package as an app ships them: one file, and minified. */
import { fileURLToPath } from "node:url";

import { rolldown } from "rolldown";

/** Where browsers find the package. */
const ENTRY = fileURLToPath(new URL("index.js", import.meta.resolve("tidings")));

/** What a page measures of the cases that grow. */
const GROWTH = fileURLToPath(new URL("growth_round.js", import.meta.url));

/** Bundles them; the module stays a file of its own, where the package has it. */
export function bundled(): Promise<string> {
  return bundle({ input: ENTRY });
}

/** What a page measures of the cases that grow, beside the package, which it finds by itself. */
export function growthScript(): Promise<string> {
  return bundle({ input: GROWTH, external: ["tidings"] });
}

async function bundle(options: { input: string; external?: string[] }): Promise<string> {
  const built = await rolldown({ ...options, platform: "browser" });
  try {
    const { output } = await built.generate({ format: "esm", minify: true });
    return output[0].code;
  } finally {
    await built.close();
  }
}
