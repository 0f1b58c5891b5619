/** Tests what the sandbox's host process forwards of a worker without limits. */
import { describe, expect, it } from "vitest";
import { ChannelRelay } from "../../../runner-image/channel-relay.ts";
import { encodeFrame, type Frame, FrameDecoder } from "../../../src/protocol/frames.ts";
import type { ChannelRequest } from "../../../src/protocol/messages.ts";

const [message] = new FrameDecoder(1_000).push(
  encodeFrame("channel", { topic: "a" }, new TextEncoder().encode('"é"')),
) as unknown as [Frame];

/** Counts how often a repeated request gets through. */
function most(request: ChannelRequest, relay = new ChannelRelay()): number {
  let through = 0;
  for (let n = 0; n < 30_000; n += 1) if (relay.outbound(request) !== undefined) through += 1;
  return through;
}

describe("the relay of channels", () => {
  it("hands messages on, both ways", () => {
    const relay = new ChannelRelay();
    expect(relay.inbound(message)).toEqual({ type: "channel", topic: "a", text: '"é"' });
    const frame = relay.outbound({ op: "emit", topic: "a", text: "1" });
    expect(frame).toEqual(encodeFrame("channel", { op: "emit", topic: "a" }, Buffer.from("1")));
  });

  it("counts what is said", () => {
    expect(most({ op: "emit", topic: "a", text: "1" })).toBe(10_000);
    expect(most({ op: "on", topic: "a" })).toBe(20_000);
    expect(most({ op: "off", topic: "a" })).toBe(20_000);
    expect(most({ op: "taken" })).toBe(0);
  });

  it("lets no more messages be taken than there were", () => {
    const relay = new ChannelRelay();
    for (let n = 0; n < 3; n += 1) relay.inbound(message);
    expect(most({ op: "taken" }, relay)).toBe(3);
  });

  it.each<[string, unknown]>([
    ["a long topic", { op: "emit", topic: "x".repeat(257), text: "1" }],
    ["a topic that is no string", { op: "on", topic: ["a"] }],
    ["too much data", { op: "emit", topic: "a", text: "é".repeat(32_769) }],
    ["another word", { op: "join", topic: "a" }],
    ["no word", {}],
  ])("stops %s", (_what, request) => {
    expect(new ChannelRelay().outbound(request as ChannelRequest)).toBeUndefined();
  });
});
