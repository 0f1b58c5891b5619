/** Control characters but tabs and line ends, and those that turn the direction of a text. */
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const UNSEEN_IN_JSON = /[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Makes control characters visible, so that what code says cannot steer the terminal. */
export function visible(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(UNSEEN, escaped);
}

/** Writes a value as JSON without any control character but line ends. */
export function jsonOf(value: unknown, indent?: number): string {
  return (JSON.stringify(value, undefined, indent) ?? "null").replace(UNSEEN_IN_JSON, escaped);
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
