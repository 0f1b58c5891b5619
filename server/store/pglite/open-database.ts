import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { PGlite, types } from "@electric-sql/pglite";
import { DURABLE_PARAMETERS, DurableFiles } from "./durable-files.ts";
import { readTemplate, sync, unpackTemplate } from "./template.ts";

// Optimised are only functions that have run a thousand times as much as V8 would wait for: to optimise PostgreSQL takes
// a second of a processor and 80 MB, most of it for what runs at its start alone.
setFlagsFromString("--wasm-tiering-budget=2000000000");

/**
 * Opens the database in a directory, and makes it first if there is none: of the template, or without one.
 *
 * @param template Default: the one that was built for this program.
 */
export async function openDatabase(
  directory: string,
  template: () => Uint8Array | undefined = readTemplate,
): Promise<PGlite> {
  const data = join(directory, "data");
  if (!existsSync(data)) {
    // Half a one would never open: it takes a while, in which a process can end.
    const unfinished = join(directory, "data.new");
    await rm(unfinished, { recursive: true, force: true });
    const made = template();
    if (made === undefined) await (await open(unfinished)).close();
    else unpackTemplate(made, unfinished);
    await rename(unfinished, data);
    sync(directory);
  }
  return open(data);
}

function open(data: string): Promise<PGlite> {
  return PGlite.create({
    fs: new DurableFiles(data),
    startParams: [...DURABLE_PARAMETERS],
    // Its own take ten times as long, byte by byte.
    serializers: {
      [types.BYTEA]: (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString("hex")}`,
    },
    parsers: { [types.BYTEA]: (text) => Buffer.from(text.slice("\\x".length), "hex") },
  });
}
