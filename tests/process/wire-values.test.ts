/**
 * Tests values that a double or `JSON.stringify` would change, on their way through a real server:
 * into code, and out of it byte for byte.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { TestServer } from "../helpers/server.ts";

const SETTINGS = {
  ISOLATE_ENGINE: "none",
  ISOLATE_MEMORY: "128",
  ISOLATE_POOL_MIN: "2",
  ISOLATE_POOL_MAX: "3",
};
const JSON_TYPE = { "content-type": "application/json" };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start(SETTINGS);
});
afterAll(async () => {
  expect(await server.dispose()).toEqual([]);
});

async function send(
  path: string,
  body: string,
  headers: object = {},
  method = "POST",
): Promise<{ status: number; text: string }> {
  const init = { method, body, headers: { ...JSON_TYPE, ...headers } };
  const response = await fetch(`${server.url}${path}`, init);
  return { status: response.status, text: await response.text() };
}

/** Names of the numbers in the input, and what else JSON text may hold. */
const code = JSON.stringify(`export default (x) => [
  ...x.list.map((n) => Object.is(n, -0) ? "-0" : String(n)), Object.keys(x).join(), x.twice, x.__proto__.a,
]`);
const INPUT =
  '{"list":[1e400,-1e400,-0,-0.0,0,12345678901234567890,0.1e-400],"twice":1,"twice":2,"__proto__":{"a":"own"}}';
const SEEN = [
  ...["Infinity", "-Infinity", "-0", "-0", "0", "12345678901234567000", "0"],
  ...["list,twice,__proto__", 2, "own"],
];
/** Makes the body one that is read in a thread. */
const LARGE = `,"input":${INPUT.replace("[", `[${"0,".repeat(40_000)}`)}`;

it("gives code numbers as JSON.parse does, in bodies of any size", async () => {
  const request = `{"code":${code},"sandbox":"isolated","input":${INPUT}}`;
  const { text } = await send("/execute", request);
  expect(JSON.parse(text).result).toEqual(SEEN);
  const large = await send("/execute", request.replace(`,"input":${INPUT}`, LARGE));
  expect(JSON.parse(large.text).result.slice(40_000)).toEqual(SEEN);
});

it("gives them to members of batches, functions and jobs", async () => {
  const request = `{"code":${code},"sandbox":"isolated","input":${INPUT}}`;
  const batch = JSON.parse(
    (await send("/execute/batch", `{"requests":[${request},${request}]}`)).text,
  );
  expect(batch.results.map((one: { result: unknown }) => one.result)).toEqual([SEEN, SEEN]);
  await send("/functions/seen", `{"code":${code},"sandbox":"isolated"}`, {}, "PUT");
  const called = await send("/functions/seen/invoke", `{"input":${INPUT}}`);
  expect(JSON.parse(called.text).result).toEqual(SEEN);
  for (const body of [
    request,
    request.replace(`,"input":${INPUT}`, LARGE.replace(/(0,){30000}/, "")),
  ]) {
    const { id } = JSON.parse((await send("/execute", body, { prefer: "respond-async" })).text);
    const get = async () => (await fetch(`${server.url}/jobs/${id}`)).json();
    await until(async () => (await get()).status === "done");
    expect((await get()).answer.result.slice(-SEEN.length)).toEqual(SEEN);
  }
});

it("tells requests apart whose numbers JSON.stringify writes alike", async () => {
  const request = `{"code":${code},"sandbox":"isolated","input":{"list":[`;
  const key = { "idempotency-key": "numbers" };
  expect((await send("/execute", `${request}0]}}`, key)).status).toBe(200);
  expect((await send("/execute", `${request}-0]}}`, key)).status).toBe(422);
  expect((await send("/execute", `${request}0]}}`, key)).status).toBe(200);
});

it("passes raw JSON of a result on byte for byte, of any size and by every way", async () => {
  const raw = "[12345678901234567890,1.0,-0,1e400,0.10000000000000000000001]";
  const make = (more: string) =>
    `export default () => ({ raw: JSON.parse(${JSON.stringify(
      JSON.stringify(raw.slice(1, -1).split(",")),
    )}).map((text) => JSON.rawJSON(text)), ${more} "a": 1 })`;
  const small = JSON.stringify({ code: make(""), sandbox: "isolated" });
  const large = JSON.stringify({ code: make('more: "x".repeat(100000),'), sandbox: "isolated" });
  expect((await send("/execute", small)).text).toContain(`"result":{"raw":${raw},"a":1}`);
  expect((await send("/execute", large)).text).toContain(`"result":{"raw":${raw},"more":"xxx`);
  const batch = (await send("/execute/batch", `{"requests":[${small},${small}]}`)).text;
  expect(batch.split(`"result":{"raw":${raw},"a":1}`)).toHaveLength(3);
  const key = { "idempotency-key": "raw" };
  await send("/execute", small, key);
  expect((await send("/execute", small, key)).text).toContain(`{"raw":${raw},"a":1}`);
  const events = (await send("/execute", small, { accept: "text/event-stream" })).text;
  expect(events).toContain(`{"raw":${raw},"a":1}`);
  const { id } = JSON.parse((await send("/execute", small, { prefer: "respond-async" })).text);
  const get = async () => (await fetch(`${server.url}/jobs/${id}`)).text();
  await until(async () => (await get()).includes('"done"'));
  expect(await get()).toContain(`{"raw":${raw},"a":1}`);
});
