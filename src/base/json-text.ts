/**
 * A value as JSON text that has been checked to be JSON. A large value takes long to parse and to write
 * again, and a sandbox takes the text.
 */
export class JsonText {
  readonly text: string;
  /** Identifies the text. */
  readonly digest: string;
  /** Arrays, objects, and what they hold. */
  readonly size: number;
  /** Whether it is nested deeper than a sandbox takes it; the text is then not kept. */
  readonly isTooDeep: boolean;

  constructor(value: JsonTextParts) {
    this.text = value.text;
    this.digest = value.digest;
    this.size = value.size;
    this.isTooDeep = value.isTooDeep;
  }
}

export type JsonTextParts = Pick<JsonText, "text" | "digest" | "size" | "isTooDeep">;
