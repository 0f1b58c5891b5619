/** Tests the contract of executions over HTTP, and of what containers change of it, as most callers use it. */
import { afterAll, beforeAll, expect } from "vitest";
import { callerContract } from "../contract/caller-contract.ts";
import { publishedExamples } from "../contract/published-examples.ts";
import { TestServer } from "../helpers/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ ISOLATE_MEMORY: "128" });
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

publishedExamples("over HTTP in a container", () => server);
// A container costs three times as much as a process, which runs the same code by the same runner. A new worker in the
// process of an earlier case costs a tenth.
callerContract("HTTP", () => server, { others: { sandbox: "isolated", reuse: "tenant" } });
