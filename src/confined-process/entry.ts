/**
 * Main module of a confined process. It reads blocks (length, bytes) from standard input: the
 * script, its assets, then questions. A question is an input as JSON and a payload. It writes one
 * answer for each.
 */

declare const Deno: {
  readonly stdin: { read(into: Uint8Array): Promise<number | null> };
  readonly stdout: { write(bytes: Uint8Array): Promise<number> };
  exit(code: number): never;
};

/** An answer: facts as JSON, and bytes without any encoding. */
export interface Reply {
  readonly answer: unknown;
  readonly payload?: Uint8Array | undefined;
}

/** Answers one question. A script's default export makes the handler out of its assets. */
export type Handler = (input: unknown, payload: Uint8Array) => Promise<Reply>;
export type MakeHandler = (assets: readonly Uint8Array[]) => Promise<Handler>;

const NOTHING = new Uint8Array();

/**
 * Fills a buffer from the input. At its end the process ends, because the control plane is gone.
 */
async function fill(bytes: Uint8Array): Promise<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const count = await Deno.stdin.read(bytes.subarray(at));
    if (count === null) Deno.exit(0);
    at += count;
  }
  return bytes;
}

async function readNumber(): Promise<number> {
  const { buffer } = await fill(new Uint8Array(4));
  return new DataView(buffer).getUint32(0);
}

async function readBlock(): Promise<Uint8Array> {
  return fill(new Uint8Array(await readNumber()));
}

async function write(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await Deno.stdout.write(bytes.subarray(at));
}

async function writeBlock(bytes: Uint8Array): Promise<void> {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  await write(length);
  await write(bytes);
}

const script = new Blob([(await readBlock()) as BlobPart], { type: "text/javascript" });
const assets: Uint8Array[] = [];
for (let left = await readNumber(); left > 0; left -= 1) assets.push(await readBlock());
const { default: make } = (await import(URL.createObjectURL(script))) as { default: MakeHandler };
const handle = await make(assets);
await writeBlock(NOTHING);

for (;;) {
  const input: unknown = JSON.parse(new TextDecoder().decode(await readBlock()));
  const { answer, payload = NOTHING } = await handle(input, await readBlock());
  await writeBlock(new TextEncoder().encode(JSON.stringify(answer)));
  await writeBlock(payload);
}
