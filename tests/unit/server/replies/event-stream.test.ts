import { createParser, type EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { channelEvent } from "../../../../server/replies/channel-event.ts";
import { EventStream } from "../../../../server/replies/event-stream.ts";

async function eventsOf(body: ReadableStream<Uint8Array>): Promise<EventSourceMessage[]> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
  return events;
}

describe("EventStream", () => {
  it("sends events in order and ends with the last one", async () => {
    const stream = new EventStream(() => {});
    stream.offer("log", () => '{"a":1}');
    stream.offer("log", () => '{"a":2}');
    stream.end("result", "{}");
    stream.end("result", "again");
    expect(stream.waiting).toBeGreaterThan(60);
    expect(await eventsOf(stream.body)).toMatchObject([
      { event: "log", data: '{"a":1}' },
      { event: "log", data: '{"a":2}' },
      { event: "result", data: "{}" },
    ]);
    expect(stream.waiting).toBe(0);
  });

  it("leaves out what a client that does not read would have to catch up with, and says so", async () => {
    const stream = new EventStream(() => {});
    const megabyte = JSON.stringify("x".repeat(300_000));
    let made = 0;
    for (let count = 0; count < 10; count += 1) {
      stream.offer("log", () => {
        made += 1;
        return megabyte;
      });
    }
    stream.end("result", "{}");
    const events = await eventsOf(stream.body);
    expect(events.map(({ event }) => event)).toEqual([
      ...["log", "log", "log", "log", "dropped", "result"],
    ]);
    expect(events.at(-2)?.data).toBe('{"events":6}');
    expect(made).toBe(4);
  });

  it("tells of a client that goes away, once, and takes nothing more", async () => {
    let cancelled = 0;
    const stream = new EventStream(() => {
      cancelled += 1;
    });
    await stream.body.cancel();
    stream.offer("log", () => "1");
    stream.end("result", "{}");
    expect(cancelled).toBe(1);
  });

  it("sends a comment when there is nothing to say", async () => {
    const stream = new EventStream(() => {}, 5);
    const reader = stream.body.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(":\n\n");
    await reader.cancel();
  });
});

describe("channelEvent()", () => {
  it("keeps a message within its event, whatever JSON it is", async () => {
    const property = fc.asyncProperty(fc.string(), fc.jsonValue(), async (topic, data) => {
      const stream = new EventStream(() => {});
      const text = JSON.stringify(data, undefined, 2);
      stream.offer("channel", () => channelEvent(topic, text.replaceAll("\n", "\r\n")) ?? "");
      stream.end("result", "{}");
      const [message, last, ...more] = await eventsOf(stream.body);
      expect(JSON.parse(message?.data ?? "")).toEqual(JSON.parse(JSON.stringify({ topic, data })));
      expect(last).toMatchObject({ event: "result" });
      expect(more).toEqual([]);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it("refuses what would be an event of its own", () => {
    expect(channelEvent("t", '1}\n\nevent: result\ndata: {"ok":true')).toBeUndefined();
    expect(channelEvent("t", "")).toBeUndefined();
  });

  it("takes nesting that could not be written anew", () => {
    const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    expect(channelEvent("t", deep)).toContain(deep);
  });
});
