import { afterEach, describe, expect, it } from "vitest";
import type { Backend } from "../../../../src/database/backend.ts";
import { parseDatabaseUrl } from "../../../../src/database/database-url.ts";
import { ServerAddresses } from "../../../../src/database/server-addresses.ts";
import { ServerConnection } from "../../../../src/database/server-connection.ts";
import { until } from "../../../contract/engine-contract.ts";
import { StandInDatabase } from "../../../helpers/stand-in-database.ts";

const server = new StandInDatabase();
afterEach(() => server.stop());

describe("a login that fails after the server has let it in", () => {
  it("is told of, and the server is told to cancel what it does for it", async () => {
    const target = parseDatabaseUrl(await server.start());
    const lost: Backend[] = [];
    const connected = ServerConnection.connect(
      target,
      new ServerAddresses().finder(""),
      (backend) => lost.push(backend),
    );
    await expect(connected).rejects.toMatchObject({ code: "57014" });
    expect(lost).toMatchObject([{ user: "app", pid: server.pid, start: "" }]);
    await until(async () => server.cancelled.length === 1);
    expect(server.cancelled).toEqual([[server.pid, 99]]);
  });
});
