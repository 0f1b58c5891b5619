import { afterAll } from "vitest";
import { openStore } from "../../server/store/open.ts";
import { storeContract } from "../contract/store-contract.ts";
import { Postgres } from "../helpers/postgres.ts";

let postgres: Postgres | undefined;

afterAll(() => postgres?.stop());

storeContract("PostgreSQL", async () => {
  postgres = await Postgres.start();
  return openStore(postgres.url());
});
