import { describe, expect, it } from "vitest";
import { readJson } from "../../../../../server/http/body/body.ts";
import { JsonThread } from "../../../../../server/http/json-thread/json-thread.ts";
import { JsonText } from "../../../../../src/base/json-text.ts";

const thread = new JsonThread();

function read(text: string, owner = "acme"): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const request = new Request("http://localhost/", { method: "POST", headers, body: text });
  const options = { maxBytes: 8_388_608, share: { add: () => {} }, thread, owner };
  return readJson({ request }, options);
}

it("a large source map is read there, and a claim that is none leaves the logs", async () => {
  const entry = { level: "log" as const, message: "    at f (main.ts:1:1)", timestamp: 1 };
  const mappings = `AAAA${",CAAC".repeat(100_000)}`;
  const map = JSON.stringify({ version: 3, sources: ["function:a.ts"], names: [], mappings });
  let turns = 0;
  const count = setInterval(() => (turns += 1), 1);
  const asked = Array.from({ length: 20 }, () => thread.translate("acme", { logs: [entry], map }));
  const [first] = await Promise.all(asked);
  clearInterval(count);
  expect(first).toEqual([{ ...entry, message: "    at f (a.ts:1:1)" }]);
  // In this thread, nothing else would have had a turn.
  expect(turns).toBeGreaterThan(1);
  const none = { logs: [entry], map: "[".repeat(500_000) };
  expect(await thread.translate("acme", none)).toEqual([entry]);
});

const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join()}}`;
const many = (count: number, each: (n: number) => string): string =>
  `[${Array.from({ length: count }, (_, n) => each(n)).join()}]`;

describe("a body", () => {
  it.each([
    ["arrays and objects", `[${"[],".repeat(2_600_000)}1]`],
    ["arrays and objects", `${"[".repeat(4_000_000)}${"]".repeat(4_000_000)}`],
    ["members of objects", members(500_000)],
    ["values", `[${"1,".repeat(4_000_000)}1]`],
    ["values beside its input", `{"files":${members(190_000)}}`],
  ])("of too many %s is refused", async (what, text) => {
    await expect(read(text)).rejects.toMatchObject({
      status: 413,
      message: expect.stringContaining(what),
    });
  });

  it("may be a text", async () => {
    const code = "[{,:".repeat(1_000_000);
    expect(await read(JSON.stringify({ code }))).toEqual({ code });
  });

  it.each([
    ["a text", JSON.stringify("Grüße \ud800 ".repeat(300_000))],
    ["many numbers", `[${"12345,".repeat(900_000)}1]`],
    ["many members", members(190_000)],
    ["many small objects", many(190_000, (n) => `{"k${n}":1}`)],
    ["many texts", many(600_000, (n) => `"s${n}"`)],
    [
      "nested as deep as a sandbox takes it",
      `${"[".repeat(1_000)}${"1,".repeat(40_000)}1${"]".repeat(1_000)}`,
    ],
  ])("has an input that is %s as text", async (_what, input) => {
    const body = await read(`{"code":"x","input":${input}}`);
    const { input: lifted } = body as { input: JsonText };
    expect(lifted).toBeInstanceOf(JsonText);
    expect(lifted.text === input).toBe(true);
  });

  it("has the inputs of a batch as text, each where it was", async () => {
    const long = "x".repeat(70_000);
    const body = {
      requests: [{ code: "1", input: [1] }, { code: "2" }, { code: "3", input: long }],
    };
    const { requests } = (await read(JSON.stringify(body))) as { requests: { input?: JsonText }[] };
    expect(requests.map(({ input }) => input?.text)).toEqual([
      "[1]",
      undefined,
      JSON.stringify(long),
    ]);
  });

  it("that is nested deeper than a sandbox takes it is known to be", async () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    expect(await read(`{"input":${deep}}`)).toMatchObject({ input: { isTooDeep: true } });
  });

  it.each([101, 7_000, 19_000])(
    "nested %i levels beside its input is refused, and no other",
    async (levels) => {
      const long = "x".repeat(70_000);
      const nested = `{"x":${"[".repeat(levels)}${"]".repeat(levels)},"input":"${long}"}`;
      const refused = expect(read(nested, "mallory")).rejects.toMatchObject({
        status: 413,
        message: expect.stringContaining("nested deeper"),
      });
      expect(await read(`{"input":"${long}"}`, "bob")).toMatchObject({ input: { size: 0 } });
      await refused;
      expect(await read(`{"input":"${long}"}`, "mallory")).toMatchObject({ input: { size: 0 } });
    },
  );

  it.each([
    ["ends the thread", "throw new Error()"],
    ["has no answer that can be read", "parentPort.postMessage(nested)"],
  ])("that %s is refused, and no other", async (_what, act) => {
    const nested = "let nested = []; for (let n = 0; n < 7_000; n += 1) nested = [nested];";
    const answer = `parentPort.postMessage({ checked: { text: question } })`;
    const listen = `parentPort.on("message", (question) => { if (question === "1") ${act}; else ${answer}; });`;
    const source = `import { parentPort } from "node:worker_threads"; ${nested} ${listen}`;
    const breaking = new JsonThread(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const asked = ["0", "1", "2", "1", "3"].map((text, n) => breaking.check(`tenant-${n}`, text));
    const told = await Promise.allSettled(asked);
    const [fulfilled, rejected] = ["fulfilled", "rejected"];
    const expected = [fulfilled, rejected, fulfilled, rejected, fulfilled];
    expect(told.map(({ status }) => status)).toEqual(expected);
  });

  it.each([
    ["no JSON", `{"code":"${"x".repeat(70_000)}"`],
    ["not UTF-8", new Uint8Array(70_000).fill(0xff)],
  ])("that is large and %s is refused", async (_what, text) => {
    await expect(read(text as string)).rejects.toMatchObject({ status: 400 });
  });
});
