/** The checker in a confined process: parsers of Deno, in which each sandbox runs, too. */
import type { MakeHandler } from "../confined-process/entry.ts";
import { type CheckInput, checkCode, type Parsers } from "./check-code.ts";

interface Builtins {
  getBuiltinModule(name: "node:module"): {
    stripTypeScriptTypes(text: string, options: { mode: "transform" }): string;
  };
  getBuiltinModule(name: "node:vm"): { SourceTextModule: new (text: string) => unknown };
}

const make: MakeHandler = async () => {
  const { process } = globalThis as unknown as { process: Builtins };
  const { stripTypeScriptTypes } = process.getBuiltinModule("node:module");
  const { SourceTextModule } = process.getBuiltinModule("node:vm");
  const parsers: Parsers = {
    parse: (text) => void new SourceTextModule(text),
    transform: (text) => stripTypeScriptTypes(text, { mode: "transform" }),
  };
  return async (input) => ({ answer: checkCode(input as CheckInput, parsers) });
};

export default make;
