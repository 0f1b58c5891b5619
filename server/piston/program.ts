import { BadRequest } from "../../src/base/errors.ts";
import type { PistonFiles } from "./request.ts";

/** Name of the module that starts a program. No file of a program may have it. */
const START = "piston-start.ts";

/**
 * Code that starts a program as Node does. It puts standard input, arguments and `require` in their
 * places, and prints as Node's console. A part that the runtime holds fast stays as it is.
 */
const startOf = (main: string): string => `
import { Console } from "node:console";
import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { Readable } from "node:stream";

const require = createRequire(import.meta.url);
const path = ${JSON.stringify(`/${main}`)};

export default async ({ stdin, args, data }) => {
  const input = Buffer.from(stdin);
  const lines = stdin.split("\\n");
  const place = (target, name, value) => {
    try {
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    } catch {}
  };
  const textOf = (name) => {
    if (name === 0 || name === "/dev/stdin") return input;
    const file = String(name).replace(/^\\.?\\//, "");
    return Object.hasOwn(data, file) ? Buffer.from(data[file]) : undefined;
  };
  const as = (bytes, options) => {
    const encoding = typeof options === "string" ? options : options?.encoding;
    return encoding ? bytes.toString(encoding) : bytes;
  };
  const { readFileSync, promises: { readFile } } = fs;
  place(fs, "readFileSync", (name, options) => {
    const bytes = textOf(name);
    return bytes === undefined ? readFileSync(name, options) : as(bytes, options);
  });
  place(fs.promises, "readFile", async (name, options) => {
    const bytes = textOf(name);
    return bytes === undefined ? readFile(name, options) : as(bytes, options);
  });
  syncBuiltinESMExports();
  const stream = Readable.from(input.length > 0 ? [input] : []);
  place(process, "stdin", Object.assign(stream, { fd: 0, isTTY: false }));
  place(process, "argv", ["node", path, ...args]);
  place(Deno, "stdin", { readable: new Blob([input]).stream(), isTerminal: () => false });
  place(Deno, "args", [...args]);
  place(globalThis, "prompt", () => lines.shift() ?? null);
  place(globalThis, "require", require);
  place(globalThis, "__filename", path);
  place(globalThis, "__dirname", path.replace(/\\/[^/]*$/, "") || "/");
  place(globalThis, "console", new Console(process.stdout, process.stderr));
  await import(${JSON.stringify(`./${main}`)});
};
`;

/**
 * Makes the modules to bundle for a program.
 *
 * @throws {BadRequest} If a file has the name of the module that starts it.
 */
export function programOf({ main, modules }: PistonFiles) {
  if (Object.hasOwn(modules, START)) {
    throw new BadRequest("files", `files: ${START} is a name of the server's own`);
  }
  return { files: { ...modules, [START]: startOf(main) }, main: START };
}
