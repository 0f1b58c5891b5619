/** Writes src/resourcex/builtin-bundles.ts: the built-in types, ready to run. */
import { writeFile } from "node:fs/promises";
import { builtinBundles } from "./builtin-bundles.ts";

await writeFile(
  new URL("../src/resourcex/builtin-bundles.ts", import.meta.url),
  await builtinBundles(),
);
