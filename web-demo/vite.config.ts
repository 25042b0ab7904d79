// Builds the page into dist/. The package is a linked folder beside this one:
// it is served as it is, with its WebAssembly module.

import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:4870";

export default defineConfig({
  optimizeDeps: { exclude: ["tidings"] },
  build: { target: "es2022", sourcemap: false, chunkSizeWarningLimit: 1024 },
  server: {
    fs: { allow: [".."] },
    proxy: { "/v1": { target: SERVER, ws: true }, "/dev": SERVER },
  },
});
