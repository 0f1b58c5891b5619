import { z } from "zod";
import type { Notice } from "../contract/notices.ts";

/** Channel of all notices. The triggers of the migration `notices` name it, too. */
export const CHANNEL = "isolate";
/** Most bytes of a notice. PostgreSQL itself refuses 8,000. */
const MOST_BYTES = 1_000;

const id = z.string().max(256);

const notice = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("tenant"), tenant: id }),
  z.object({ kind: z.literal("key"), key: id }),
  z.object({ kind: z.literal("function"), tenant: id, name: id }),
  z.object({ kind: z.literal("packages"), tenant: id, name: id }),
  z.object({ kind: z.literal("secret"), tenant: id, name: id }),
  z.object({ kind: z.literal("host"), tenant: id, name: id }),
  z.object({ kind: z.literal("subscribers"), tenant: id }),
  z.object({ kind: z.literal("cancel"), tenant: id, id }),
  z.object({ kind: z.literal("jobs") }),
]) satisfies z.ZodType<Notice>;

/** Sender of a notice. The store's own notices have none. */
const sender = z.object({ by: id.optional() });

export interface ReceivedNotice {
  readonly notice: Notice;
  readonly by: string | undefined;
}

/** Writes a notice of this server. Returns `undefined` if it is too long for one. */
export function noticeText(given: Notice, by: string): string | undefined {
  const text = JSON.stringify({ ...given, by });
  return Buffer.byteLength(text) <= MOST_BYTES ? text : undefined;
}

/** Reads a notice. Returns `undefined` for anything else, such as a later version's kinds. */
export function readNotice(text: string): ReceivedNotice | undefined {
  if (text.length > MOST_BYTES) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = notice.safeParse(value);
  if (!read.success) return undefined;
  return { notice: read.data, by: sender.safeParse(value).data?.by };
}
