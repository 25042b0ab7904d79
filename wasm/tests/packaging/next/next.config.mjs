import { fileURLToPath } from "node:url";

export default {
  output: "export",
  // The packages are installed one folder up.
  turbopack: { root: fileURLToPath(new URL("..", import.meta.url)) },
};
