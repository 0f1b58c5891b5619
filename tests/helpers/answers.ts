/** Compares an answer with the one that the docs show. */

/** Key that stands for members an example leaves out: `{…}`. */
const MORE = "…";
/** Members with numbers that differ each time. */
const MEASURED = new Set([
  ...[
    "timestamp",
    "duration",
    "wall",
    "queued",
    "cpu",
    "peakMemory",
    "bytesOut",
    "executionTimeMs",
  ],
  ...["bytes", "executions", "count", "starting", "warm", "leased", "kept"],
]);
/** Members that some hosts do not measure. */
const UNSEEN = new Set(["cpu", "peakMemory"]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HEX_ID = /^[0-9a-f]{16}$/;

/** Parses JSON documents that follow each other. In examples, `…` stands for omitted parts. */
export function documentsOf(text: string): unknown[] {
  const documents: unknown[] = [];
  let depth = 0;
  let inText = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inText) {
      if (char === "\\") at += 1;
      else if (char === '"') inText = false;
    } else if (char === '"') inText = true;
    else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth > 0) continue;
      documents.push(JSON.parse(withoutGaps(text.slice(start, at + 1))));
      start = at + 1;
    }
  }
  if (text.slice(start).trim() !== "") throw new Error(`No JSON: ${text.slice(start)}`);
  return documents;
}

/** Replaces each `…` outside of texts by a member or an element. */
function withoutGaps(text: string): string {
  const open: string[] = [];
  let out = "";
  for (const [piece] of text.matchAll(/"(?:[^"\\]|\\.)*"|[^"]/gs)) {
    if (piece === "{" || piece === "[") open.push(piece);
    if (piece === "}" || piece === "]") open.pop();
    out += piece !== MORE ? piece : open.at(-1) === "{" ? `"${MORE}":0` : `"${MORE}"`;
  }
  return out;
}

/** Lists the places where an answer differs from the shown one. */
export function differences(shown: unknown, actual: unknown, path = "answer"): string[] {
  if (typeof shown === "string") return isLike(shown, actual) ? [] : [told(path, shown, actual)];
  if (Array.isArray(shown)) return ofArrays(shown, actual, path);
  if (typeof shown === "object" && shown !== null) return ofObjects(shown, actual, path);
  const name = path.split(".").at(-1) ?? "";
  const isFree = typeof shown === "number" && MEASURED.has(name);
  const isMeasured = typeof actual === "number" || (actual === null && UNSEEN.has(name));
  return (isFree ? isMeasured : shown === actual) ? [] : [told(path, shown, actual)];
}

function told(path: string, shown: unknown, actual: unknown): string {
  return `${path}: ${JSON.stringify(shown)} is shown, ${JSON.stringify(actual)} is answered`;
}

/**
 * Tests whether a text matches the shown one. `…` matches any text, an id any id, a time any time.
 */
function isLike(shown: string, actual: unknown): boolean {
  if (shown === MORE) return true;
  if (typeof actual !== "string") return false;
  const free = [UUID, TIME, HEX_ID].find((kind) => kind.test(shown));
  if (free) return free.test(actual);
  const parts = shown.split(MORE).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`).test(actual);
}

function ofArrays(shown: readonly unknown[], actual: unknown, path: string): string[] {
  if (!Array.isArray(actual)) return [told(path, shown, actual)];
  const isOpen = shown.at(-1) === MORE;
  const listed = isOpen ? shown.slice(0, -1) : shown;
  if (isOpen ? actual.length < listed.length : actual.length !== listed.length) {
    return [told(path, shown, actual)];
  }
  return listed.flatMap((item, index) => differences(item, actual[index], `${path}[${index}]`));
}

function ofObjects(shown: object, actual: unknown, path: string): string[] {
  if (typeof actual !== "object" || actual === null || Array.isArray(actual)) {
    return [told(path, shown, actual)];
  }
  const expected = Object.entries(shown).filter(([key]) => key !== MORE);
  const unknown = Object.keys(actual).filter((key) => !(key in shown));
  return [
    ...(MORE in shown ? [] : unknown.map((key) => `${path}.${key} is not shown`)),
    ...expected.flatMap(([key, value]) =>
      key in actual
        ? differences(value, (actual as Record<string, unknown>)[key], `${path}.${key}`)
        : [`${path}.${key} is shown, and not answered`],
    ),
  ];
}

/** Tests whether lines of text match the shown ones. */
export function isText(shown: string, actual: string): boolean {
  return isLike(shown.trim(), actual.trim());
}
