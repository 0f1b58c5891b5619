/**
 * Tests the number of members that a body may have before its validation, which might report each.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";

const code = "export default () => 1";

let plane: ControlPlane;
let post: (body: object) => Promise<Json>;
beforeAll(async () => {
  plane = await ControlPlane.open();
  const client = await plane.serve().tenant("many", {});
  post = async (body) => (await client.post("/execute", body)).json();
}, 60_000);
afterAll(() => plane.close(), 60_000);

describe("a body with many members", () => {
  it.each([
    ["fields that nobody knows", fields(1_100), /^Unknown field "x0", and too many others$/],
    ["members of a list", { tools: list(1_001) }, /^tools: More than \d+ members$/],
  ])("of %s is refused before each is looked at", async (_what, more, message) => {
    const { error } = await post({ code, ...more });
    expect(error).toMatchObject({ code: "BAD_REQUEST", message: expect.stringMatching(message) });
    // No text for each of them.
    expect(JSON.stringify(error).length).toBeLessThan(1_000);
  });
});

function fields(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`x${n}`, 1]));
}

function list(length: number): unknown[] {
  return Array.from({ length }, (_, n) => n);
}
