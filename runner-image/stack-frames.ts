import { replaceAllText, startsWith, uncurry } from "./base/primordials.ts";

/** Frame of a stack, as the runtime gives it to `Error.prepareStackTrace`. */
interface Frame {
  getFileName(): string | null | undefined;
  getScriptNameOrSourceURL(): string | null | undefined;
  getFunctionName(): string | null;
  getTypeName(): string | null;
  isToplevel(): boolean;
}

const RUNNER_URL = import.meta.url;
const headOf = uncurry(Error.prototype.toString);

/**
 * Leaves the runner's own frames out of the stacks that code reads. These are where the runner wraps
 * a function of the runtime. All others are written as the runtime does.
 */
export function hideFrames(): void {
  const value = (error: Error, frames: readonly Frame[]): string => {
    let text = firstLine(error);
    // Counted, because code may have replaced the iterator of lists.
    for (let i = 0; i < frames.length; i += 1) {
      const frame = frames[i] as Frame;
      const url = frame.getScriptNameOrSourceURL();
      if (url !== RUNNER_URL) text += `\n    at ${written(frame, url)}`;
    }
    return text;
  };
  Object.defineProperty(Error, "prepareStackTrace", { value, configurable: true, writable: true });
}

function firstLine(error: Error): string {
  try {
    return headOf(error);
  } catch {
    return "<error>";
  }
}

/** Writes a frame with the URL of its file, whose path alone its own text has. */
function written(frame: Frame, url: string | null | undefined): string {
  const path = frame.getFileName();
  const isFile = typeof url === "string" && startsWith(url, "file:");
  const text =
    isFile && typeof path === "string" && startsWith(path, "/")
      ? replaceAllText(`${frame}`, path, `file://${path}`)
      : `${frame}`;
  const name = frame.getFunctionName() ?? "";
  const isNamedByKey =
    startsWith(name, "[") || startsWith(name, "get ") || startsWith(name, "set ");
  return isNamedByKey && startsWith(text, name) && !frame.isToplevel()
    ? `${frame.getTypeName()}.${text}`
    : text;
}
