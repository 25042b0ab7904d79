/**
 * The entry for Node.js: reads the module from disk, and uses the WebSocket of the package `ws`
 * where Node.js has none of its own (before version 22).
 */
import { readFile } from "node:fs/promises";

import { setPlatform } from "./platform.js";

const MODULE_FILE = new URL("../pkg/tidings_bg.wasm", import.meta.url);

setPlatform({
  isBrowser: false,
  async readModule(source) {
    if (source === undefined) {
      return readBytes(MODULE_FILE);
    }
    if (typeof source === "string" && !URL.canParse(source)) {
      return readBytes(source);
    }
    const url = new URL(source);
    return url.protocol === "file:" ? readBytes(url) : undefined;
  },
  async webSocket() {
    if ("WebSocket" in globalThis) {
      return globalThis.WebSocket;
    }
    try {
      return (await import("ws")).WebSocket;
    } catch {
      return undefined;
    }
  },
});

async function readBytes(file: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(file));
}

export * from "./index.js";
