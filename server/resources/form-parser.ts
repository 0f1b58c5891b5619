import { finished } from "node:stream/promises";
import Busboy from "@fastify/busboy";
import { BadRequest, PayloadTooLarge } from "../../src/base/errors.ts";
import { GrowingBytes } from "../http/body/growing-bytes.ts";

/** Text of a field, or bytes of a file. */
export type FormPart = string | Uint8Array;

/** Name → its first part. */
export type Form = ReadonlyMap<string, FormPart>;

const MAX_TYPE = 300;
const LIMITS = {
  parts: 16,
  /** Most bytes of a text. The rest is dropped. */
  fieldSize: 300_000,
  fieldNameSize: 100,
  headerPairs: 16,
  headerSize: 4_096,
} as const;

/** Parses a multipart form in chunks, as it arrives. */
export class FormParser {
  readonly #form = new Map<string, FormPart>();
  readonly #parser: InstanceType<typeof Busboy.Busboy>;
  #error: unknown;

  /** @throws {BadRequest} For a Content-Type without a usable boundary. */
  constructor(contentType: string) {
    if (contentType.length > MAX_TYPE) throw noForm();
    try {
      this.#parser = new Busboy.Busboy({
        headers: { "content-type": contentType },
        limits: LIMITS,
      });
    } catch {
      throw noForm();
    }
    this.#parser.on("partsLimit", () => {
      this.#error = new PayloadTooLarge("", `The form has more than ${LIMITS.parts} parts`);
    });
    this.#parser.on("error", () => {
      this.#error ??= noForm();
    });
    this.#parser.on("field", (name, text) => this.#add(name, text));
    this.#parser.on("file", (name, file) => {
      // The parser splits at each possible start of a boundary, perhaps at every second byte.
      const bytes = new GrowingBytes();
      file.on("data", (chunk: Buffer) => bytes.add(chunk));
      file.on("error", () => {});
      file.on("end", () => this.#add(name, bytes.take()));
    });
  }

  /** Parses a chunk. Throws for a malformed form or one beyond the limits. */
  write(chunk: Uint8Array): void {
    if (this.#error !== undefined) throw this.#error;
    this.#parser.write(chunk);
    if (this.#error !== undefined) throw this.#error;
  }

  /** Resolves with the form. Rejects as `write()` throws. */
  async end(): Promise<Form> {
    this.#parser.end();
    await finished(this.#parser).catch(() => {});
    if (this.#error !== undefined) throw this.#error;
    return this.#form;
  }

  #add(name: string | undefined, part: FormPart): void {
    if (name !== undefined && !this.#form.has(name)) this.#form.set(name, part);
  }
}

function noForm(): BadRequest {
  return new BadRequest("", "The body is not a form");
}
