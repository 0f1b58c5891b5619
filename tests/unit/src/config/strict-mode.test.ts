import { afterEach, describe, expect, it, vi } from "vitest";
import { config } from "../../../../src/config/config.ts";
import { DEFAULT_CONFIG } from "../../../../src/config/default-config.ts";

afterEach(() => void vi.unstubAllEnvs());

describe("strict mode", () => {
  it.each([
    ["true", {}, true],
    ["false", {}, false],
    ["", {}, false],
    [undefined, {}, false],
    ["true", { strict: false }, false],
    ["false", { strict: true }, true],
  ])("with STRICT_MODE=%s and %j is %s", (text, partial, strict) => {
    vi.stubEnv("STRICT_MODE", text);
    expect(config(partial).strict).toBe(strict);
  });

  it("is refused by its variable's name if that is neither true nor false", () => {
    vi.stubEnv("STRICT_MODE", "yes");
    expect(() => config()).toThrow("Bad setting STRICT_MODE: It is neither true nor false");
    expect(config({ strict: true }).strict).toBe(true);
  });
});

describe("the default settings", () => {
  it("are those that config() fills in", () => {
    expect(DEFAULT_CONFIG).toEqual(config());
    expect(DEFAULT_CONFIG).toMatchObject({
      maxSize: 100_000,
      timeout: 3_000,
      port: 8_787,
      strict: false,
      audit: false,
      cluster: { min: 2, max: 8, idle: 120_000 },
    });
  });

  it("cannot be changed, at any depth, and change no others", () => {
    expect(() => Object.assign(DEFAULT_CONFIG, { timeout: 1 })).toThrow(TypeError);
    expect(() => Object.assign(DEFAULT_CONFIG.cluster.reuse, { uses: 1 })).toThrow(TypeError);
    expect(() => DEFAULT_CONFIG.crypto.methods.pop()).toThrow(TypeError);
    expect(Object.isFrozen(config().crypto.methods)).toBe(false);
    expect(config(DEFAULT_CONFIG)).toEqual(DEFAULT_CONFIG);
  });
});
