/** Characters of a value by which it is found. What follows is compared once these are there. */
const HEAD = 64;
/** Fewest characters of a form that is searched for. Shorter ones would be found by chance. */
export const LEAST = 8;
/** Fewest characters of a line of a value that is searched for by itself. */
const LEAST_LINE = 32;
/** Most lines of a value that are searched for by themselves. */
const MOST_LINES = 200;
/** Most of all values together. */
const MOST_LINES_IN_ALL = 2_000;

/** A text to search for. */
export interface Needle {
  /** Begin of the text, by which it is found. */
  readonly head: string;
  /** Makes the whole text, once its head was found, because a value may be long. */
  readonly whole: () => string;
}

/** Writes a value in one form. A longer value's form begins with that of a shorter one. */
type Form = (value: string) => string;

const inJson: Form = (value) => JSON.stringify(value).slice(1, -1);
/** Form of the console for a text within an object, which may be quoted otherwise. */
const inConsole: Form = (value) => inJson(value).replaceAll('\\"', '"');
const inAscii: Form = (value) =>
  inJson(value).replace(
    /[\x80-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
const inForm: Form = (value) => new URLSearchParams([["", value]]).toString().slice(1);
const lower =
  (form: Form): Form =>
  (value) =>
    form(value).replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase());
const inHex: Form = (value) => Buffer.from(value).toString("hex");
const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};
const inHtml: Form = (value) => value.replace(/[&<>"]/g, (char) => HTML[char] ?? char);

/**
 * Writes in base64 the characters that depend on the value alone, where `before` bytes of something
 * else come first.
 */
function inBase64(alphabet: "base64" | "base64url", before: 0 | 1 | 2): Form {
  return (value) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const first = Math.ceil((8 * before) / 6);
    return bytes.toString(alphabet).slice(first, Math.floor((8 * bytes.length) / 6));
  };
}

const FORMS: readonly Form[] = [
  (value) => value,
  inJson,
  (value) => inJson(inJson(value)),
  inConsole,
  inAscii,
  encodeURIComponent,
  lower(encodeURIComponent),
  inForm,
  lower(inForm),
  inHtml,
  inHex,
  (value) => inHex(value).toUpperCase(),
  ...(["base64", "base64url"] as const).flatMap((alphabet) =>
    ([0, 1, 2] as const).map((before) => inBase64(alphabet, before)),
  ),
];

/** Lists the texts as which values can be found: as they are, and encoded in usual ways. */
export function needlesOf(values: Iterable<string>): Needle[] {
  const heads = new Map<string, Needle[]>();
  const add = (text: string, form: Form): void => {
    const isShort = text.length <= HEAD;
    // Half of a pair has another form than the pair.
    const begin = isShort ? text : wholePairs(text.slice(0, HEAD));
    const head = wholePairs(form(begin).slice(0, HEAD));
    if (head.length < LEAST) return;
    const same = heads.get(head) ?? [];
    // Most forms of a value without special characters are the value.
    if (isShort && same.some(({ whole }) => whole() === form(text))) return;
    let made: string | undefined;
    const whole = (): string => {
      made ??= form(text);
      return made;
    };
    same.push({ head, whole });
    heads.set(head, same);
  };
  let linesLeft = MOST_LINES_IN_ALL;
  for (const value of values) {
    const text = value.toWellFormed();
    for (const part of new Set([text, text.trim()])) for (const form of FORMS) add(part, form);
    const lines = text.split(/\r?\n/, MOST_LINES + 1);
    if (lines.length === 1 || lines.length > Math.min(MOST_LINES, linesLeft)) continue;
    linesLeft -= lines.length;
    for (const line of lines) if (line.length >= LEAST_LINE) add(line, (given) => given);
  }
  return [...heads.values()].flat();
}

function wholePairs(text: string): string {
  return text.replace(/[\ud800-\udbff]$/, "");
}
