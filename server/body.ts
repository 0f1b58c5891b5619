import { Aborted, BadRequest, PayloadTooLarge, UnsupportedMediaType } from "../src/errors.ts";
import { jsonShape } from "../src/json-shape.ts";

/** From here on text is looked at before it is parsed. */
const LARGE = 65_536;
/** Arrays and objects, members of objects, and values of a body. */
const MAX_CONTAINERS = 200_000;
const MAX_NAMES = 200_000;
const MAX_VALUES = 1_000_000;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body as JSON, never more than `maxBytes` of it. Throws
 * `UnsupportedMediaType`, `PayloadTooLarge` or `BadRequest`.
 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  // Also what keeps a web page from posting here: other types need no permission of ours.
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new UnsupportedMediaType("Send Content-Type: application/json");
  }
  if ((request.headers.get("content-encoding") ?? "identity") !== "identity") {
    throw new UnsupportedMediaType("Compressed bodies are not accepted");
  }
  const bytes = await readBytes(request, maxBytes);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new BadRequest("", "The body is not valid UTF-8");
  }
  assertParsable(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRequest("", `The body is not valid JSON: ${(error as Error).message}`);
  }
}

/** Throws for what would take seconds to parse, in which nobody else is served. */
function assertParsable(text: string): void {
  if (text.length < LARGE) return;
  const { containers, names, commas } = jsonShape(text);
  const refuse = (what: string): never => {
    throw new PayloadTooLarge("", `The body holds more than ${what}`);
  };
  if (containers > MAX_CONTAINERS) refuse(`${MAX_CONTAINERS} arrays and objects`);
  if (names > MAX_NAMES) refuse(`${MAX_NAMES} members of objects`);
  if (commas > MAX_VALUES) refuse(`${MAX_VALUES} values`);
}

/** Never reads more than `maxBytes`. Throws `PayloadTooLarge`, or `Aborted` for a body that breaks off. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = request.headers.get("content-length");
  if (announced !== null) {
    if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
    return new Uint8Array(await request.arrayBuffer().catch(hungUp));
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A body that breaks off is a caller that went away. */
function hungUp(): never {
  throw new Aborted();
}

function tooLarge(maxBytes: number): PayloadTooLarge {
  return new PayloadTooLarge("", `The body exceeds the limit of ${maxBytes} bytes`);
}
