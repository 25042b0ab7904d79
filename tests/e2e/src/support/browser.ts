/** The real Chromium, one for all tests of a file. */
import { chromium, type Browser } from "playwright-core";

import { chromiumProgram } from "./environment.js";

/** How every Chromium of the tests is started. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumProgram(), args: FLAGS, headless: true });
}
