import { describe, expect, it } from "vitest";
import { readJson } from "../../server/body.ts";

function read(text: string): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const request = new Request("http://localhost/", { method: "POST", headers, body: text });
  return readJson(request, 8_388_608);
}

const members = (count: number): string =>
  `{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join()}}`;

describe("a body", () => {
  it.each([
    ["arrays and objects", `[${"[],".repeat(2_600_000)}1]`],
    ["arrays and objects", `${"[".repeat(4_000_000)}${"]".repeat(4_000_000)}`],
    ["members of objects", members(500_000)],
    ["values", `[${"1,".repeat(4_000_000)}1]`],
  ])("of too many %s is refused before it is parsed", async (what, text) => {
    const started = process.cpuUsage();
    await expect(read(text)).rejects.toMatchObject({
      status: 413,
      message: expect.stringContaining(what),
    });
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it.each([
    ["a text", JSON.stringify({ code: "[{,:".repeat(1_000_000) })],
    ["many numbers", `[${"12345,".repeat(900_000)}1]`],
    ["many members", members(190_000)],
  ])("may be %s", async (_what, text) => {
    expect(JSON.stringify(await read(text))).toBe(text);
  });
});
