import { type Case, withStatus } from "./cases.ts";

export const ATTACHMENTS: readonly Case[] = withStatus("ok", [
  {
    name: "calls the entry with attachments behind the input",
    code: "export default (n, ...all) => [n, all.map((bytes) => [bytes.constructor === Uint8Array, ...bytes])]",
    input: 7,
    attachments: [Uint8Array.of(1, 2, 255), new Uint8Array(0), Uint8Array.of(0)],
    result: [7, [[true, 1, 2, 255], [true], [true, 0]]],
  },
  {
    name: "leaves the input's place to it",
    code: "export default (...args) => [args.length, args[0] === undefined, [...args[1]]]",
    attachments: [Uint8Array.of(5)],
    result: [2, true, [5]],
  },
  {
    name: "gives each attachment a buffer of its own",
    code: "export default (_, a, b) => { a.fill(9); return [a.buffer.byteLength, b.buffer.byteLength, [...b]] }",
    attachments: [Buffer.from([1, 2]), Buffer.from([3])],
    result: [2, 1, [3]],
  },
  {
    name: "takes no attachment for anything but bytes",
    code: "export default (_, bytes) => new TextDecoder().decode(bytes)",
    attachments: [Buffer.from('export default () => "code"')],
    result: 'export default () => "code"',
  },
]);
