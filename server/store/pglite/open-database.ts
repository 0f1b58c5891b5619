import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { PGlite, types } from "@electric-sql/pglite";
import { DURABLE_PARAMETERS, DurableFiles } from "./durable-files.ts";

// Optimised are only functions that have run a thousand times as much as V8 would wait for: to optimise PostgreSQL takes
// a second of a processor and 80 MB, most of it for what runs at its start alone.
setFlagsFromString("--wasm-tiering-budget=2000000000");

/** Opens the database in a directory, and makes it first if there is none. */
export async function openDatabase(directory: string): Promise<PGlite> {
  const data = join(directory, "data");
  if (!existsSync(data)) {
    // Half a one would never open: it takes seconds, in which a process can end.
    const unfinished = join(directory, "data.new");
    await rm(unfinished, { recursive: true, force: true });
    const database = await open(unfinished);
    await database.close();
    await rename(unfinished, data);
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
