/** Makes a machine, prints the lab's id, and waits to be killed. */
import { randomBytes } from "node:crypto";
import { makeFolder } from "./leftovers.ts";
import { Machine } from "./machine.ts";
import { LabNames } from "./names.ts";
import { makeBridge } from "./network.ts";

const names = new LabNames(randomBytes(2).toString("hex"));
await makeFolder(names);
await makeBridge(names);
const machine = await Machine.create(names, "node-1", 11);
await machine.start();
console.log(names.id);
setInterval(() => {}, 60_000);
