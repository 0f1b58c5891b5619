/** Tests calls of code to functions of its caller over HTTP, on one server. */
import type { EventSourceMessage } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CALL_LIMITS, type CallAnswer } from "../../../../src/protocol/calls.ts";
import { ControlPlane } from "../../../helpers/control-plane.ts";

const EVENTS = { accept: "text/event-stream" };
const FUNCTIONS = { f: { description: "Doubles", schema: { type: "number" } }, g: {} };
const REQUEST = { code: "1", functions: FUNCTIONS };

let plane: ControlPlane;
let server: ReturnType<ControlPlane["serve"]>;
let acme: Awaited<ReturnType<typeof server.tenant>>;
let other: typeof acme;
beforeAll(async () => {
  plane = await ControlPlane.open();
  server = plane.serve();
  acme = await server.tenant("acme");
  other = await server.tenant("other");
});
afterAll(() => plane.close());

/** Sends to the functions of the caller, as a sandbox does. */
interface Sandbox {
  call(number: number, name: string, text: string): void;
  readonly answers: CallAnswer[];
  /** Next answer. */
  answer(): Promise<CallAnswer>;
  busy: boolean;
}

/** Sets the work of the next execution. */
function working(work: (sandbox: Sandbox) => Promise<unknown>): void {
  plane.behave = async (_job, { calls }) => {
    const answers: CallAnswer[] = [];
    let wake: (answer: CallAnswer) => void = () => {};
    const sandbox: Sandbox = {
      answers,
      busy: false,
      call: (number, name, text) => calls?.receive({ number, name, text }),
      answer: () =>
        new Promise((resolve) => {
          wake = resolve;
        }),
    };
    calls?.connect((answer) => {
      if (sandbox.busy) return "busy";
      answers.push(answer);
      wake(answer);
      return "sent";
    });
    return { result: await work(sandbox) };
  };
}

/** Begins an execution and reads its events one by one. */
async function begin(request: object = REQUEST, signal?: AbortSignal) {
  const response = await acme.post("/execute", request, EVENTS, signal);
  if (response.body === null || response.status !== 200) throw new Error(await response.text());
  const reader = response.body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  const next = async (): Promise<[string | undefined, unknown]> => {
    const { value } = await reader.read();
    const { event, data } = value as EventSourceMessage;
    return [event, JSON.parse(data)];
  };
  const [, started] = (await next()) as [string, { id: string; dts: string }];
  const reply = async (call: unknown, body: unknown, tenant = acme): Promise<string> => {
    const { id } = call as { id: string };
    const answered = await tenant.post(`/executions/${started.id}/calls/${id}`, body);
    const text = await answered.text();
    return `${answered.status} ${text && JSON.parse(text).error.code}`.trim();
  };
  return { started, next, reply, reader };
}

it("tells the execution's id and types first, asks for each call, and gives the code the answers", async () => {
  working(async (sandbox) => {
    sandbox.call(1, "f", '{"a":\n1}');
    const first = await sandbox.answer();
    sandbox.call(2, "g", "null");
    return [first, await sandbox.answer()];
  });
  const { started, next, reply } = await begin();
  expect(started).toEqual({
    id: expect.stringMatching(/^[\da-f-]{36}$/),
    dts: "declare const tools: {\n  /** Doubles */\n  f(argument: number): Promise<any>;\n  g(argument?: unknown): Promise<any>;\n};\n",
  });
  const [event, call] = await next();
  expect([event, call]).toEqual(["call", { id: expect.any(String), name: "f", args: { a: 1 } }]);
  // Each of these leaves the call open.
  expect(await reply(call, {})).toBe("400 BAD_REQUEST");
  expect(await reply(call, { result: 1, error: { message: "" } })).toBe("400 BAD_REQUEST");
  expect(await reply(call, { error: "no" })).toBe("400 BAD_REQUEST");
  expect(await reply(call, { result: "x".repeat(CALL_LIMITS.answerBytes) })).toBe(
    "413 PAYLOAD_TOO_LARGE",
  );
  expect(await reply(call, { result: 1 }, other)).toBe("404 CALL_NOT_FOUND");
  for (const id of ["x", "bm9uZQ.1", `${(call as { id: string }).id}0`]) {
    expect(await reply({ id }, { result: 1 })).toBe("404 CALL_NOT_FOUND");
  }
  const lost = `/executions/${crypto.randomUUID()}/calls/${(call as { id: string }).id}`;
  expect((await acme.post(lost, { result: 1 })).status).toBe(404);
  expect(await reply(call, { result: { b: null } })).toBe("204");
  expect(await reply(call, { result: 2 })).toBe("404 CALL_NOT_FOUND");
  const [, second] = await next();
  expect(await reply(second, { error: { name: "Busy", message: "later" } })).toBe("204");
  const [last, answer] = await next();
  expect([last, answer]).toMatchObject([
    "result",
    {
      id: started.id,
      result: [
        { number: 1, failed: false, text: '{"b":null}' },
        { number: 2, failed: true, text: '{"name":"Busy","message":"later"}' },
      ],
    },
  ]);
  expect(await reply(second, { result: 1 })).toBe("404 CALL_NOT_FOUND");
  expect((await acme.get(`/executions/${started.id}`)).outcome).toBe("ok");
});

it("refuses functions that nobody can answer for, and declarations that are none", async () => {
  plane.behave = async () => ({ result: 1 });
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`f${n}`, {}]));
  const refused: [object, object][] = [
    [REQUEST, {}],
    [REQUEST, { prefer: "respond-async" }],
    [REQUEST, { ...EVENTS, "idempotency-key": "k" }],
    [{ ...REQUEST, reuse: "code" }, EVENTS],
    [{ ...REQUEST, tools: ["tools"] }, EVENTS],
    [{ code: "1", functions: many }, EVENTS],
    [{ code: "1", functions: { f: { description: "x".repeat(16_384) } } }, EVENTS],
    [{ code: "1", functions: { f: { run: 1 } } }, EVENTS],
    [{ code: "1", functions: { f: { schema: 1 } } }, EVENTS],
    [{ code: "1", functions: [] }, EVENTS],
    ...["a b", "", "1a", "a".repeat(65), "é"].map((name): [object, object] => [
      { code: "1", functions: { [name]: {} } },
      EVENTS,
    ]),
  ];
  for (const [request, headers] of refused) {
    const response = await acme.post("/execute", request, headers);
    const { error } = (await response.json()) as { error: { code: string; field: string } };
    expect([response.status, error.field], JSON.stringify(request).slice(0, 99)).toEqual([
      400,
      expect.stringMatching(/^(functions|reuse)/),
    ]);
  }
  const batch = await acme.post("/execute/batch", { requests: [REQUEST] });
  expect((await batch.json()).results).toMatchObject([{ error: { field: "functions" } }]);
  const deployed = await acme.put("/functions/f", REQUEST);
  expect(deployed.status).toBe(400);
  const plan = await (await acme.post("/plan", REQUEST)).json();
  expect(plan.dts).toMatch(/^declare const tools: \{\n/);
  expect(await (await acme.post("/plan", { code: "1" })).json()).not.toHaveProperty("dts");
});

it("asks for nothing that our runner never sends, and answers a call that is no JSON itself", async () => {
  working(async (sandbox) => {
    sandbox.call(2, "f", "1");
    sandbox.call(0, "f", "1");
    sandbox.call(1, "constructor", "1");
    sandbox.call(1, "f", `"${"x".repeat(CALL_LIMITS.argsBytes)}"`);
    sandbox.call(1, "f", "{}}");
    const bad = await sandbox.answer();
    sandbox.call(2, "f", `[${"[".repeat(5_000)}`);
    const deep = await sandbox.answer();
    sandbox.call(3, "f", '"last"');
    sandbox.call(3, "f", '"again"');
    for (let n = 4; n < 100; n += 1) sandbox.call(n, "f", String(n));
    return [bad, deep, await sandbox.answer()];
  });
  const { next, reply } = await begin();
  const heard: unknown[] = [];
  for (let n = 0; n < CALL_LIMITS.atOnce; n += 1) heard.push((await next())[1]);
  expect(heard).toMatchObject([
    { args: "last" },
    ...Array.from({ length: CALL_LIMITS.atOnce - 1 }, (_, n) => ({ args: n + 4 })),
  ]);
  expect(await reply(heard[0], { result: "ok" })).toBe("204");
  const [, { result }] = (await next()) as [string, { result: CallAnswer[] }];
  const cannot = expect.stringContaining("The caller cannot be asked");
  expect(result).toMatchObject([
    { number: 1, failed: true, text: cannot },
    { number: 2, failed: true, text: cannot },
    { number: 3, failed: false, text: '"ok"' },
  ]);
});

it("tells a caller that the sandbox reads nothing, and takes the answer later", async () => {
  let sandbox: Sandbox | undefined;
  working(async (given) => {
    sandbox = given;
    given.busy = true;
    given.call(1, "f", "1");
    return (await given.answer()).text;
  });
  const { next, reply } = await begin();
  const [, call] = await next();
  expect(await reply(call, { result: 1 })).toBe("503 HOST_BUSY");
  if (sandbox) sandbox.busy = false;
  expect(await reply(call, { result: 2 })).toBe("204");
  expect((await next())[1]).toMatchObject({ result: "2" });
});

it("ends with its caller, whose answers come too late then", async () => {
  let ended: unknown;
  plane.behave = (_job, { calls, signal }) =>
    new Promise((_resolve, reject) => {
      calls?.connect(() => "sent");
      calls?.receive({ number: 1, name: "f", text: "1" });
      signal?.addEventListener("abort", () => {
        ended = true;
        reject(new Error("aborted"));
      });
    });
  const { next, reply, reader } = await begin();
  const [, call] = await next();
  await reader.cancel();
  await expect.poll(() => ended).toBe(true);
  await expect.poll(() => reply(call, { result: 1 })).toBe("404 CALL_NOT_FOUND");
});
