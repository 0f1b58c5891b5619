import { sliceText } from "../base/primordials.ts";
import type { InspectOptions, NativeText } from "./native.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;

type Table = (data: unknown, columns: unknown) => void;

/** Levels that a sandbox shows. Node's console shows two. */
const DEPTH = 4;

/** Takes Node's own conversion, for a realm of the host's process. */
export function takeNodeText(): NativeText {
  const { process } = globalThis as Anything;
  const { formatWithOptions, types } = process.getBuiltinModule("node:util");
  const { isArgumentsObject, isBoxedPrimitive, isNativeError, isProxy } = types;
  let table: Table | undefined;
  let printed = "";
  const sink = {
    write(text: string) {
      printed += text;
    },
  };
  const depthOf = (options: InspectOptions | undefined): InspectOptions => ({
    depth: DEPTH,
    breakLength: 80,
    ...options,
  });
  return {
    depth: DEPTH,
    format: (args, options) => formatWithOptions(depthOf(options), ...args),
    table(data, columns) {
      table ??= tableTo(process, sink);
      printed = "";
      table(data, columns);
      return sliceText(printed, 0, -1);
    },
    isProxy,
    targetOf: () => undefined,
    isArguments: isArgumentsObject,
    isBoxed: isBoxedPrimitive,
    isError: isNativeError,
  };
}

/** Makes a console that prints nowhere else. Once there is a table, because that is rare. */
function tableTo(process: Anything, stdout: object): Table {
  const { Console } = process.getBuiltinModule("node:console");
  return new Console({ stdout, ignoreErrors: false, colorMode: false }).table;
}
