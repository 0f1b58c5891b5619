import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { PGlite, types } from "@electric-sql/pglite";
import { DURABLE_PARAMETERS, DurableFiles } from "./durable-files.ts";
import { readTemplate, sync, unpackTemplate } from "./template.ts";

// Delays V8's optimising compiler by a factor of a thousand. Otherwise it takes a second of CPU
// time and 80 MB. Most of the functions run only at the start of PostgreSQL.
setFlagsFromString("--wasm-tiering-budget=2000000000");

/**
 * Opens the database in a directory. A missing one is made first, from the template or by initdb.
 *
 * @param template Returns the template, if any. Default: the one built for this program.
 */
export async function openDatabase(
  directory: string,
  template: () => Uint8Array | undefined = readTemplate,
): Promise<PGlite> {
  const data = join(directory, "data");
  if (!existsSync(data)) {
    // Makes it under another name, because half a database would never open.
    const unfinished = join(directory, "data.new");
    await rm(unfinished, { recursive: true, force: true });
    const made = template();
    if (made === undefined) await (await open(unfinished)).close();
    else await unpackTemplate(made, unfinished);
    await rename(unfinished, data);
    await sync(directory);
  }
  return open(data);
}

function open(data: string): Promise<PGlite> {
  return PGlite.create({
    fs: new DurableFiles(data),
    startParams: [...DURABLE_PARAMETERS],
    // PGlite's own serializer goes byte by byte and takes ten times as long.
    serializers: {
      [types.BYTEA]: (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString("hex")}`,
    },
    parsers: { [types.BYTEA]: (text) => Buffer.from(text.slice("\\x".length), "hex") },
  });
}
