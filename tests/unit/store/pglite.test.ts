import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll } from "vitest";
import { openStore } from "../../../server/store/open.ts";
import { storeContract } from "../../contract/store-contract.ts";
import { storeDirectory } from "../../helpers/store.ts";

let directory = "";

afterAll(() => rm(dirname(directory), { recursive: true, force: true }));

storeContract("PGlite", async () => {
  directory = await storeDirectory();
  return openStore(directory);
});
