import { expect, it } from "vitest";
import { hostArguments, NO_REACH } from "../../../../src/deno/deno.ts";

it("ends with the control socket, by which leftovers are recognised, hurried or not", () => {
  const given = {
    runnerDirectory: "/runner",
    sockets: ["/slot/control.sock", "/slot/database.sock"],
  };
  for (const hurried of [false, true]) {
    const args = hostArguments({ ...given, heapMegabytes: 32, reach: NO_REACH, hurried });
    expect(args.at(-1)).toBe("/slot/control.sock");
    expect(args.includes("hurried")).toBe(hurried);
  }
});
