/** Runs the browser's tests with the others where a browser is named. */
if (process.env["TIDINGS_CHROMIUM"] !== undefined) {
  await import("./browser/indexeddb.test.js");
}
