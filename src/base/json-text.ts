import { createHash } from "node:crypto";
import { jsonShape } from "./json-shape.ts";

/**
 * Checked JSON text of a value. A large value takes long to parse and to write again, and a sandbox
 * accepts the text.
 */
export class JsonText {
  readonly text: string;
  /** Identifies the text. */
  readonly digest: string;
  /** Number of arrays and objects, and of the values in them. */
  readonly size: number;
  /** True if it is nested deeper than a sandbox accepts. The text is not kept then. */
  readonly isTooDeep: boolean;

  constructor(value: JsonTextParts) {
    this.text = value.text;
    this.digest = value.digest;
    this.size = value.size;
    this.isTooDeep = value.isTooDeep;
  }
}

export type JsonTextParts = Pick<JsonText, "text" | "digest" | "size" | "isTooDeep">;

/** Makes the parts for a text that has been parsed. It becomes one line, and is the same otherwise. */
export function partsOfText(parsed: string): JsonTextParts {
  // Only white space between values can be a line break.
  const text = /[\n\r]/.test(parsed) ? parsed.replace(/[\n\r]/g, " ") : parsed;
  const { containers, commas } = jsonShape(text);
  const digest = createHash("sha256").update(text).digest("hex");
  return { text, digest, size: containers + commas, isTooDeep: false };
}
