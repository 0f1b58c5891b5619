import { createRequire } from "node:module";
import { defineCommand, runMain } from "citty";

const { version, description } = createRequire(import.meta.url)("../../package.json");

await runMain(
  defineCommand({
    meta: { name: "isolate", version, description },
    subCommands: {
      start: () => import("./start.ts").then(({ start }) => start),
      doctor: () => import("./doctor.ts").then(({ doctor }) => doctor),
    },
  }),
);
