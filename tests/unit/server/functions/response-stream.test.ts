import { expect, it } from "vitest";
import { ResponseStream } from "../../../../server/functions/http/response-stream.ts";

const TWO = new Uint8Array(2);

it.each([
  ["the whole response of a length that it was told", "2", 0],
  ["a part of it", "3", 1],
  ["what there is so far of a response without a length", undefined, 1],
])("a client that has %s leaves", async (_what, length, cancelled) => {
  let cancels = 0;
  const stream = new ResponseStream("GET", () => {
    cancels += 1;
  });
  const headers = length === undefined ? [] : [["content-length", length] as const];
  stream.onHead({ status: 200, headers: headers as never });
  const reader = stream.body?.getReader();
  await stream.onChunk(TWO);
  expect((await reader?.read())?.value).toEqual(TWO);
  await reader?.cancel();
  expect(cancels).toBe(cancelled);
});
