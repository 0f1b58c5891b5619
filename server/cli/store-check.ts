import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type pg from "pg";
import { type Finding, fail, ok } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";
import { connectionOptions } from "../store/hosts/connection.ts";
import { StoreClient } from "../store/hosts/store-client.ts";
import { storeKind } from "../store/location.ts";

const ANSWER_WITHIN = 5_000;

/** Checks whether the store can be used. Opens none, because that would migrate its tables. */
export function checkStore(location: string): Promise<Finding> {
  switch (storeKind(location)) {
    case "postgres":
      return checkServer(location);
    case "directory":
      return checkDirectory(location);
  }
}

async function checkDirectory(directory: string): Promise<Finding> {
  try {
    const there = await nearest(directory);
    await access(there, constants.W_OK | constants.X_OK);
    return ok("store", `The store's directory is ${directory}`);
  } catch (error) {
    const advice = "Be its owner, or name another place by ISOLATE_STORE_URL";
    return fail("store", `${directory} cannot be written: ${messageOf(error)}`, advice);
  }
}

/** Returns the directory, or its nearest parent that exists. */
async function nearest(directory: string): Promise<string> {
  try {
    if ((await stat(directory)).isDirectory()) return directory;
    throw new Error("it is no directory");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return nearest(dirname(directory));
  }
}

async function checkServer(url: string): Promise<Finding> {
  const advice = "See that it runs, and that ISOLATE_STORE_URL names a role that may create in it";
  let client: pg.Client | undefined;
  try {
    client = new StoreClient({ ...connectionOptions(url), query_timeout: ANSWER_WITHIN });
    client.on("error", () => {});
    await client.connect();
    const { rows } = await client.query(
      "select current_setting('server_version') as version, has_database_privilege(current_database(), 'CREATE') as creates",
    );
    const [{ version, creates }] = rows as [{ version: string; creates: boolean }];
    if (creates) return ok("store", `The store is in PostgreSQL ${version}`);
    return fail("store", "The store's role may not create a schema in its database", advice);
  } catch (error) {
    return fail("store", `The store's server cannot be used: ${messageOf(error)}`, advice);
  } finally {
    await client?.end().catch(() => {});
  }
}
