import { inject } from "../../src/common/inject.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import type { CryptoConfig } from "../../src/tools/crypto.ts";
import { createCrypto } from "./crypto.ts";

/** What each tool puts on the global scope, by the tool's name. */
const FACTORIES: Readonly<Record<string, (config: unknown) => Record<string, unknown>>> = {
  crypto: (config) => ({ crypto: createCrypto(config as CryptoConfig) }),
};

/** Gives user code the tools its request named; nothing of them can be replaced afterwards. */
export function installTools(uses: readonly ToolUse[]): void {
  for (const { name, config } of uses) {
    const globals = FACTORIES[name]?.(config) ?? {};
    for (const key of Object.keys(globals)) inject(globalThis, key, globals[key]);
  }
}
