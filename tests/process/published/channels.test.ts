/** Tests pairs of executions that talk by the channel tool, as they were published. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { create, type Isolate } from "../../../src/isolate.ts";

const REQUEST = { tools: ["channel"], timeout: 15_000 };

let runDirectory: string;
let isolate: Isolate;
beforeAll(async () => {
  runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
  isolate = await create({ runDirectory, config: { cluster: { min: 3 } }, trusted: true });
});
afterAll(async () => {
  await isolate.close();
  await rm(runDirectory, { recursive: true });
});

/** Code that emits until somebody has answered, because nothing is kept for who comes later. */
const ASKING = `export default (from) => new Promise((resolve) => {
  const beat = setInterval(() => channel.emit("chat", { from, text: "Hello from " + from }), 20);
  channel.on("answer", (answer) => {
    clearInterval(beat);
    resolve(answer);
  });
})`;

const ANSWERING = `export default () => new Promise((resolve) => {
  channel.on("chat", function hear(message) {
    channel.off("chat", hear);
    console.log("Received: " + message.text);
    channel.emit("answer", "Hello " + message.from);
    resolve(message);
  });
})`;

it.each([
  ["isolated", "isolated"],
  ["isolated", "none"],
] as const)("a message reaches an execution that waits for it, %s to %s", async (from, to) => {
  const [asked, answered] = await Promise.all([
    isolate.execute({ ...REQUEST, code: ASKING, input: "Alice", sandbox: from }),
    isolate.execute({ ...REQUEST, code: ANSWERING, sandbox: to }),
  ]);
  expect(asked).toMatchObject({ ok: true, result: "Hello Alice" });
  expect(answered).toMatchObject({
    ok: true,
    result: { from: "Alice", text: "Hello from Alice" },
    logs: [{ level: "log", message: "Received: Hello from Alice" }],
  });
});

it("heartbeats are heard until the time is up, by functions that have long returned", async () => {
  const beating = `export default () => {
    setInterval(() => channel.emit("heartbeat", { status: "alive", time: Date.now() }), 100);
  }`;
  const listening = `export default () => {
    channel.on("heartbeat", (data) => console.log("heard:", data));
  }`;
  const request = { tools: ["channel"], timeout: 2_000 };
  const [producer, consumer] = await Promise.all([
    isolate.execute({ ...request, code: beating }),
    isolate.execute({ ...request, code: listening }),
  ]);
  expect([producer.ok, consumer.ok]).toEqual([true, true]);
  expect(consumer).not.toHaveProperty("result");
  expect(consumer.logs?.length).toBeGreaterThan(2);
  expect(consumer.logs?.[0]?.message).toMatch(/^heard: \{"status":"alive","time":\d+\}$/);
});

it("no message comes back to its sender, nor to a handler that was taken off", async () => {
  const code = `export default () => new Promise((resolve) => {
    const heard = [];
    const hear = (data) => heard.push(data);
    channel.on("own", hear);
    channel.on("other", hear);
    channel.off("other", hear);
    channel.emit("own", 1);
    setTimeout(() => resolve(heard), 200);
  })`;
  const other = `export default () => new Promise((resolve) => {
    const beat = setInterval(() => channel.emit("other", 2), 10);
    setTimeout(() => { clearInterval(beat); resolve() }, 400);
  })`;
  const [quiet] = await Promise.all([
    isolate.execute({ ...REQUEST, code }),
    isolate.execute({ ...REQUEST, code: other }),
  ]);
  expect(quiet).toMatchObject({ ok: true, result: [] });
});

it("emitting to nobody does not wait", async () => {
  const code = `export default (text) => {
    for (let n = 0; n < 500; n += 1) channel.emit("broadcast", { text, n });
    return "Sent";
  }`;
  const output = await isolate.execute({ ...REQUEST, code, input: "Hello" });
  expect(output).toMatchObject({ ok: true, result: "Sent" });
});
