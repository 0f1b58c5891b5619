import { readFile } from "node:fs/promises";
import { takeEnvironment } from "../../bin/environment.js";
import { defineCommand, loaded } from "../../cli/command/define.ts";
import { messageOf } from "../../src/base/errors.ts";
import { readSettings } from "../settings.ts";
import { connectionOptions } from "../store/hosts/connection.ts";
import { StoreClient } from "../store/hosts/store-client.ts";
import { hasServer, storeLocation } from "../store/location.ts";
import { openStore } from "../store/open.ts";
import { moveTenant, undoMove } from "./move/move-tenant.ts";

/** Milliseconds for which a server may go on by what it has read, if notices do not reach it. */
const SETTLE = 6_000;

const move = defineCommand({
  meta: { name: "move", description: "Moves a tenant to the store of another cell" },
  args: {
    tenant: { type: "positional", description: "Id of the tenant", required: true },
    to: {
      type: "string",
      description: "File with the postgres:// URL of the other store, past any pooler",
      required: true,
    },
    wait: { type: "string", description: "Seconds for what still runs", default: "150" },
    undo: { type: "boolean", description: "Gives up a move that has not ended" },
  },
  async run({ args: { tenant, to, wait, undo } }) {
    const clients: StoreClient[] = [];
    try {
      if (!/^\d{1,5}$/.test(wait)) throw new Error("--wait takes a number of seconds");
      const { store, directUrl = store } = readSettings(takeEnvironment());
      const urls = [directUrl, storeLocation((await readFile(to, "utf8")).trim())];
      if (urls.some((url) => !hasServer(url))) {
        throw new Error("Both stores have to be in PostgreSQL");
      }
      for (const url of urls) {
        // Brings the tables to the same version.
        await (await openStore(url)).close();
        const client = new StoreClient(connectionOptions(url));
        client.on("error", () => {});
        clients.push(client);
        await client.connect();
      }
      const [source, target] = clients as [StoreClient, StoreClient];
      const log = (line: string): void => console.log(line);
      const options = { source, target, tenant, settle: SETTLE, wait: Number(wait) * 1_000, log };
      await (undo ? undoMove(options) : moveTenant(options));
    } catch (error) {
      console.error(messageOf(error));
      process.exitCode = 1;
    } finally {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
    }
  },
});

/** `isolate tenant …`: works on the tenants of a store. */
export const tenant = defineCommand({
  meta: { name: "tenant", description: "Moves a tenant to another store" },
  subCommands: loaded([move]),
});
