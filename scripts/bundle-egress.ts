/** Writes the egress proxy's program, as one module for Deno, to the path it is given. */
import { writeFile } from "node:fs/promises";
import { bundleEgress } from "../src/egress/bundle.ts";

const [, , path] = process.argv;
if (path === undefined) throw new Error("Usage: bundle-egress.ts PATH");
await writeFile(path, await bundleEgress());
