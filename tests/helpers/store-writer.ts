/** Process that records executions in a store one after the other, and reports each one. */

import { randomUUID } from "node:crypto";
import { openStore } from "../../server/store/open.ts";
import { execution } from "./store-rows.ts";

const store = await openStore(process.argv[2] ?? "");
console.log("open");
for (;;) {
  const id = randomUUID();
  await store.executions.record([execution("tenant", { id })]);
  console.log(id);
}
