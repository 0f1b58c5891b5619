/** Tests that the comparison of the docs' answers notices differences. */
import { expect, it } from "vitest";
import { differences, documentsOf, isText } from "../../helpers/answers.ts";

const compare = (shown: string, actual: unknown): string[] => {
  const [document] = documentsOf(shown);
  return differences(document, actual);
};

it.each([
  ["the same", '{"a": 1, "b": [true, null]}', { a: 1, b: [true, null] }],
  ["members that are left out", '{"a": 1, …}', { a: 1, b: 2 }],
  ["an object that is left out", '{"a": {…}}', { a: { b: 1 } }],
  ["elements that are left out", '{"a": [1, …]}', { a: [1, 2] }],
  ["a part of a text", '{"a": "isolate_…"}', { a: "isolate_x" }],
  ["a measured number", '{"duration": 3}', { duration: 4 }],
  ["a number that is not measured", '{"cpu": 3}', { cpu: null }],
  ["a time", '{"at": "2026-01-02T03:04:05.678Z"}', { at: "2027-11-12T13:14:15.161Z" }],
  [
    "an id",
    '{"id": "019b7c6a-0d3f-7a41-9c55-5f2d1f0a6b11"}',
    { id: "019b7c6a-0d3f-7a41-9c55-5f2d1f0a6b12" },
  ],
])("%s is taken", (_what, shown, actual) => {
  expect(compare(shown, actual)).toEqual([]);
});

it.each([
  ["another value", '{"a": 1}', { a: 2 }],
  ["another type", '{"duration": 3}', { duration: "3" }],
  ["no number", '{"duration": 3}', { duration: null }],
  ["a member too much", '{"a": 1}', { a: 1, b: 2 }],
  ["a member too few", '{"a": 1, "b": 2}', { a: 1 }],
  ["a member too few, where others are left out", '{"a": 1, …}', { b: 2 }],
  ["an element too much", '{"a": [1]}', { a: [1, 2] }],
  ["an element too few", '{"a": [1, 2, …]}', { a: [1] }],
  ["another text", '{"a": "isolate_…"}', { a: "xisolate_x" }],
  ["no time", '{"at": "2026-01-02T03:04:05.678Z"}', { at: "today" }],
  ["an array for an object", '{"a": {…}}', { a: [] }],
])("%s is noticed", (_what, shown, actual) => {
  expect(compare(shown, actual)).toHaveLength(1);
});

it("several documents follow each other, whatever is in their texts", () => {
  expect(documentsOf('{"a":"}{"}\n[1]{"b":"\\"…"}')).toEqual([{ a: "}{" }, [1], { b: '"…' }]);
  expect(() => documentsOf("{} text")).toThrow("No JSON:  text");
});

it("lines of text are compared, too", () => {
  expect(isText("a …\nb", "a 1\nb\n")).toBe(true);
  expect(isText("a …\nb", "a 1\nc\n")).toBe(false);
});
