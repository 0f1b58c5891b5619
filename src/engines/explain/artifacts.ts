import type { Output } from "../../request/types.ts";
import type { Artifacts } from "../contract/artifacts.ts";

/** Refuses bytes that are no UTF-8, and keeps a mark of the byte order, so that a text is its bytes. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns artifacts in the form of an output. */
export function shownArtifacts({
  files,
  omitted,
  more,
  unsearched,
  running,
}: Artifacts): Pick<Output, "artifacts" | "artifactsOmitted"> {
  const left: NonNullable<Output["artifactsOmitted"]> = [
    ...omitted,
    ...(more > 0 ? [{ reason: "others" as const, count: more }] : []),
    ...(running ? [{ reason: "running" as const }] : []),
    ...(unsearched ? [{ reason: "unsearched" as const }] : []),
  ];
  return {
    artifacts: files.map(({ path, bytes }) => ({ path, bytes: bytes.length, ...contentOf(bytes) })),
    ...(left.length > 0 && { artifactsOmitted: left }),
  };
}

/** JSON writes a control character with six, and text has no others. */
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;

function contentOf(bytes: Uint8Array): { text: string } | { base64: string } {
  const text = textOf(bytes);
  if (text !== undefined && !CONTROL.test(text)) return { text };
  return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64") };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
