import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineCommand, runMain } from "citty";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";

const { version, description } = JSON.parse(
  await readFile(join(PACKAGE_ROOT, "package.json"), "utf8"),
) as { version: string; description: string };

await runMain(
  defineCommand({
    meta: { name: "isolate", version, description },
    subCommands: {
      start: () => import("./start.ts").then(({ start }) => start),
      tenant: () => import("./tenant.ts").then(({ tenant }) => tenant),
      doctor: () => import("./doctor.ts").then(({ doctor }) => doctor),
    },
  }),
);
