import { type CryptoConfig, createCrypto } from "../../src/common/crypto.ts";
import { inject } from "../../src/common/inject.ts";
import { CALLS_GLOBAL, CALLS_TOOL, type CallsConfig } from "../../src/protocol/calls.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { type CallWire, createCalls } from "./calls.ts";
import { type ChannelWire, createChannel } from "./channel.ts";

/** Connections of tools to the control plane. */
export interface Wires {
  readonly channel: ChannelWire;
  readonly calls: CallWire;
}

type Factory = (config: unknown, wires: Wires) => Record<string, unknown>;

/** Functions that make a tool's globals, by the tool's name. */
const FACTORIES: Readonly<Record<string, Factory>> = {
  crypto: (config) => ({ crypto: createCrypto(config as CryptoConfig) }),
  channel: (_config, { channel }) => ({ channel: createChannel(channel) }),
  [CALLS_TOOL]: (config, { calls }) => ({
    [CALLS_GLOBAL]: createCalls((config as CallsConfig).names, calls),
  }),
};

/** Gives user code the tools of its request. Their globals cannot be replaced afterwards. */
export function installTools(uses: readonly ToolUse[], wires: Wires): void {
  for (const { name, config } of uses) {
    const globals = FACTORIES[name]?.(config, wires) ?? {};
    for (const key of Object.keys(globals)) inject(globalThis, key, globals[key]);
  }
}
