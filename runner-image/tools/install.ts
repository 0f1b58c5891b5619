import { type CryptoConfig, createCrypto } from "../../src/common/crypto.ts";
import { inject } from "../../src/common/inject.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { type ChannelWire, createChannel } from "./channel.ts";

type Factory = (config: unknown, wire: ChannelWire) => Record<string, unknown>;

/** Functions that make a tool's globals, by the tool's name. */
const FACTORIES: Readonly<Record<string, Factory>> = {
  crypto: (config) => ({ crypto: createCrypto(config as CryptoConfig) }),
  channel: (_config, wire) => ({ channel: createChannel(wire) }),
};

/** Gives user code the tools of its request. Their globals cannot be replaced afterwards. */
export function installTools(uses: readonly ToolUse[], wire: ChannelWire): void {
  for (const { name, config } of uses) {
    const globals = FACTORIES[name]?.(config, wire) ?? {};
    for (const key of Object.keys(globals)) inject(globalThis, key, globals[key]);
  }
}
