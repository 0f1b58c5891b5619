import { ChannelRouter } from "../channels/channels.ts";
import type { IsolatePlugin } from "./plugin.ts";

/** Connects a tenant's executions that use the tool `channel`, at any level, until they end. */
export const ChannelPlugin: IsolatePlugin = {
  name: "channel",
  required: ["sandbox"],
  setup(api) {
    const { channels: router = new ChannelRouter() } = api.host;
    api.onLoad.tap((context) => {
      if (!context.tools.some(({ name }) => name === "channel")) return;
      return { ...context, channel: router.join(context.tenant.id) };
    });
  },
};
