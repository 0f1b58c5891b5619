import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type pg from "pg";
import { type Finding, fail, ok, warn } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";
import { SERVER_ADVICE } from "../store/contract/store-errors.ts";
import { connectionOptions } from "../store/hosts/connection.ts";
import { StoreClient } from "../store/hosts/store-client.ts";
import { storeKind } from "../store/location.ts";

const ANSWER_WITHIN = 5_000;
/** Free bytes of the store's disk below which nothing is stored, where no setting says. */
const RESERVE = 268_435_456;

/** Checks whether the store can be used. Opens none, because that would migrate its tables. */
export function checkStore(location: string, reserve?: number): Promise<Finding> {
  switch (storeKind(location)) {
    case "postgres":
      return checkServer(location);
    case "directory":
      return checkDirectory(location, reserve);
  }
}

function fullDisk(directory: string, free: number, reserve: number): Finding {
  const megabytes = (bytes: number): string => `${Math.floor(bytes / 1_048_576)} MB`;
  const said = `The disk of ${directory} has ${megabytes(free)} left, and ${megabytes(reserve)} are kept free: nothing is stored`;
  return warn("disk", said, "Make room, or lower ISOLATE_STORE_RESERVE");
}

async function checkDirectory(directory: string, given: number | undefined): Promise<Finding> {
  try {
    const there = await nearest(directory);
    await access(there, constants.W_OK | constants.X_OK);
    const { bavail, blocks, bsize } = await statfs(there);
    const free = bavail * bsize;
    const reserve = given ?? Math.min(RESERVE, (blocks * bsize) / 4);
    if (free < reserve) return fullDisk(there, free, reserve);
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
  const advice = SERVER_ADVICE;
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
