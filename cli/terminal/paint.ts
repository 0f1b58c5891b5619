import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

interface Stream {
  readonly isTTY?: boolean;
}

/** Returns how texts for a stream are coloured: on a terminal alone, unless the variables forbid it. */
export function paintFor(stream: Stream, env: NodeJS.ProcessEnv): Paint {
  const { NO_COLOR = "", TERM } = env;
  const isColoured = stream.isTTY === true && NO_COLOR === "" && TERM !== "dumb";
  return isColoured ? coloured : (_style, text) => text;
}

/** Colours whatever the process's own streams are, because the caller has decided. */
const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });
