import { indexOfText, lastIndexOfText, most, sliceText } from "./primordials.ts";
import { named } from "./readable-stack.ts";

const RUNNER_URL = import.meta.url;

/**
 * Returns a text of the console as the author of `main.ts` knows its stacks: without the frames of
 * the runner. It may hold several stacks, and more after the last frame of each.
 */
export function authorText(text: string, moduleUrl: string | undefined): string {
  let own = text;
  for (let at = indexOfText(own, RUNNER_URL); at >= 0; ) {
    const start = lastIndexOfText(own, "\n", at);
    const line = most(start, 0) + lineEnd(sliceText(own, most(start, 0)));
    if (start < 0 || !isFrame(sliceText(own, start, at))) {
      at = indexOfText(own, RUNNER_URL, at + 1);
      continue;
    }
    own = sliceText(own, 0, start) + afterFrame(sliceText(own, start, line)) + sliceText(own, line);
    at = indexOfText(own, RUNNER_URL, start);
  }
  return named(own, moduleUrl);
}

/** Tells whether the beginning of a line, up to its URL, is that of a stack's frame. */
function isFrame(line: string): boolean {
  for (let i = 1; i < line.length; i += 1) {
    if (line[i] !== " ") return sliceText(line, i, i + 3) === "at ";
  }
  return false;
}

/** Returns the brackets and commas after the place of a frame: more of the value follows there. */
function afterFrame(line: string): string {
  let from = line.length;
  while (from > 0 && indexOfText(" {}[],", line[from - 1] as string) >= 0) from -= 1;
  return sliceText(line, from);
}

/** Returns the index at which the first line of a text ends, after its line break. */
function lineEnd(text: string): number {
  const end = indexOfText(text, "\n", 1);
  return end < 0 ? text.length : end;
}
