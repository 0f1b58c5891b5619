import { describe, expect, it } from "vitest";
import { EngineUnavailable } from "../../../../../src/base/errors.ts";
import { checkRuntime } from "../../../../../src/engines/container/runtime.ts";

const info = {
  Runtimes: {
    runc: { path: "runc" },
    runsc: { runtimeArgs: ["--network=none"] },
    loose: { runtimeArgs: ["--platform=ptrace", "--ignore-cgroups"] },
  },
};

describe("the runtime of sandboxes", () => {
  it.each([[undefined], ["runc"], ["runsc"]])("may be %s without a word", (runtime) => {
    expect(checkRuntime(info, runtime)).toBeUndefined();
  });

  it("that keeps no limits is told of", () => {
    expect(checkRuntime(info, "loose")).toMatch(/^Runtime "loose" ignores cgroups/);
  });

  it.each(["kata", "toString", ""])("that the engine does not have is refused: %s", (runtime) => {
    expect(() => checkRuntime(info, runtime)).toThrow(EngineUnavailable);
    expect(() => checkRuntime(info, runtime)).toThrow("it has loose, runc, runsc");
  });
});
