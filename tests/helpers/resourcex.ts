import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { onTestFinished } from "vitest";
import { createRXA } from "../../src/resourcex/archive/archive.ts";
import type { RXR } from "../../src/resourcex/data/resource.ts";
import type { SerializedRXR } from "../../src/resourcex/data/serialized.ts";
import type { BundledType, TypeRunner } from "../../src/resourcex/types/type.ts";

export { resource } from "./resource-fixture.ts";

/** Makes a directory for one test. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "isolate-resourcex-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files below a directory, by path. */
export async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await scratch();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

export const HELLO = { name: "hello", type: "text", version: "1.0.0" };

export function helloFolder(content = "Hello", resource: object = HELLO): Promise<string> {
  return folderWith({ "resource.json": JSON.stringify(resource), content });
}

export async function contentOf({ archive }: RXR): Promise<string> {
  return String(await (await archive.extract()).file("content"));
}

export type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

/** Makes a tar.gz of any entries, valid or not. */
export async function tarOf(...entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  const chunks: Uint8Array[] = [];
  tar.on("data", (chunk) => chunks.push(chunk as Uint8Array));
  for (const { content = "", ...header } of entries) {
    if (header.type === undefined || header.type === "file") tar.entry(header, content);
    else tar.entry(header);
  }
  const ended = new Promise<void>((resolve) => tar.on("end", () => resolve()));
  tar.finalize();
  await ended;
  return gzipSync(Buffer.concat(chunks));
}

const NAME_LENGTH = 6;
const CHECKSUM_AT = 148;

/** Makes a tar.gz of that many empty files, a hundred times as fast. */
export async function tarOfMany(count: number): Promise<Buffer> {
  const first = gunzipSync(await tarOf({ name: "0".repeat(NAME_LENGTH) })).subarray(0, 512);
  const checksum = Number.parseInt(first.toString("latin1", CHECKSUM_AT, CHECKSUM_AT + 6), 8);
  const headers = Array.from({ length: count }, (_, at) => {
    const header = Buffer.from(first);
    const name = `${at}`.padStart(NAME_LENGTH, "0");
    const more = [...name].reduce((sum, digit) => sum + Number(digit), 0);
    header.write(name, 0, "latin1");
    header.write((checksum + more).toString(8).padStart(6, "0"), CHECKSUM_AT, "latin1");
    return header;
  });
  return gzipSync(Buffer.concat([...headers, Buffer.alloc(1_024)]));
}

export const text: BundledType = {
  name: "text",
  aliases: ["txt", "plaintext"],
  description: "Plain text content",
  code: "({ async resolve({ archive }) { return (await archive.extract()).file('content'); } })",
};

export interface Run {
  readonly type: BundledType;
  readonly resource: SerializedRXR;
  readonly args: unknown;
}

/**
 * Replaces the runner of types. Records its inputs, and returns the content with the run's number.
 */
export class RecordingRunner implements TypeRunner {
  readonly runs: Run[] = [];
  closed = 0;

  async run(type: BundledType, given: SerializedRXR, args: unknown): Promise<unknown> {
    this.runs.push({ type, resource: given, args });
    const archive = await createRXA({ buffer: given.archive });
    return `${this.runs.length}: ${await (await archive.extract()).file("content")}`;
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}
