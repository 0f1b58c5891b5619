import { config } from "../../src/config/config.ts";
import { resolveTools } from "../../src/tools/registry.ts";
import type { Case } from "./cases.ts";

const tools = resolveTools(["channel"], config());

const complaint = (call: string): string =>
  `export default () => { try { ${call} } catch (error) { return [error.name, error.message] } }`;

const TOPIC = "A topic is a string of 1 to 256 characters, not";

/** Behaviour of the channel tool in one execution, without any other. */
export const CHANNEL: readonly Case[] = [
  {
    name: "is absent unless it is named",
    code: "export default () => channel.emit('a', 1)",
    status: "error",
    fault: ["ReferenceError", "channel is not defined"],
    hint: 'Add "channel" to "tools"',
  },
  {
    name: "has emit, on and off, and cannot be changed",
    code: "export default () => [Object.keys(channel), Object.isFrozen(channel)]",
    tools,
    status: "ok",
    result: [["emit", "on", "off"], true],
  },
  ...[
    ["a topic of 10 MB", "channel.emit('x'.repeat(1e7), 1)", `${TOPIC} one of 10000000`],
    ["an empty topic", "channel.on('', () => {})", `${TOPIC} one of 0`],
    ["a topic that is no string", "channel.off(Symbol(), () => {})", `${TOPIC} a symbol`],
    ["a handler that is none", "channel.on('a', 'b')", "A handler is a function, not a string"],
  ].map(
    ([name, call = "", message]): Case => ({
      name: `refuses ${name}`,
      code: complaint(call),
      tools,
      status: "ok",
      result: ["TypeError", message],
    }),
  ),
  ...[
    ["undefined", "channel.emit('a')", /^The data for "a" cannot be written .* type is undefined$/],
    ["a function", "channel.emit('a', () => 1)", /its type is function$/],
    ["a BigInt", "channel.emit('a', 1n)", /^The data for "a" cannot be written as JSON: .*BigInt/],
    ["a circle", "const o = {}; o.o = o; channel.emit('a', o)", /cannot .* JSON: .*circular/i],
    [
      "65,537 bytes",
      "channel.emit('a', 'x'.repeat(65_534)); channel.emit('a', 'x'.repeat(65_535))",
      /^The channel tool allows 65536 bytes of JSON in one message in one execution$/,
    ],
    [
      "fewer characters of more bytes",
      "channel.emit('a', 'é'.repeat(32_768))",
      /allows 65536 bytes/,
    ],
    [
      "a 101st topic at the same time",
      "for (let i = 0; i < 101; i++) channel.on('t' + i, () => {})",
      /^The channel tool allows 100 topics at the same time in one execution$/,
    ],
    [
      "a 10,001st subscription",
      "const f = () => {}; for (;;) { channel.on('a', f); channel.off('a', f) }",
      /^The channel tool allows 10000 subscriptions in one execution$/,
    ],
  ].map(
    ([name, call, message]): Case => ({
      name: `refuses ${name}`,
      code: `export default () => { ${call} }`,
      tools,
      status: "error",
      fault: ["Error", message as RegExp],
    }),
  ),
  {
    name: "allows 10,000 emits and no more",
    code: "export default () => { let n = 0; try { for (; n < 20_000; n++) channel.emit('a', n) } catch (error) { return [n, error.message] } }",
    tools,
    status: "ok",
    result: [10_000, "The channel tool allows 10000 emits in one execution"],
  },
  {
    name: "fails code that floods it",
    code: "export default () => { for (let n = 0; n < 20_000; n++) channel.emit('a', n) }",
    tools,
    status: "error",
    fault: ["Error", "The channel tool allows 10000 emits in one execution"],
  },
];
