import { ChannelRouter } from "../channels/channels.ts";
import type { IsolatePlugin } from "./plugin.ts";

/** Connects a tenant's executions that use the tool `channel`, at any level, until they end. */
export function ChannelPlugin(): IsolatePlugin {
  const router = new ChannelRouter();
  return {
    name: "channel",
    required: ["sandbox"],
    setup(api) {
      api.onLoad.tap((context) => {
        if (!context.tools.some(({ name }) => name === "channel")) return;
        return { ...context, channel: router.join(context.tenant.id) };
      });
    },
  };
}
