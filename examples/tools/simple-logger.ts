import type { Tool } from "isolate";

/** Logs with a level in front: a module whose default export is the tool itself. */
const simpleLogger: Tool = {
  name: "simple-logger",
  setup(globals) {
    globals.logger = Object.freeze({
      info: (message: string) => console.info(`[info] ${message}`),
      warn: (message: string) => console.warn(`[warn] ${message}`),
    });
  },
};

export default simpleLogger;
