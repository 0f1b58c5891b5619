import { randomUUID } from "node:crypto";
import type { ExecutionRow } from "../../server/store/contract/executions.ts";
import type { NewVersion } from "../../server/store/contract/functions.ts";
import type { NewJob } from "../../server/store/contract/jobs.ts";
import type { KeptLogs } from "../../server/store/contract/logs.ts";

/** Text that PostgreSQL's texts and JSON cannot hold unchanged. */
export const NASTY = "a\0b \ud800 \u{1f600} ' \" \\u0000 \\ $1";

/** Makes a unique name, because the whole suite shares one store. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

export function execution(tenant: string, more: Partial<ExecutionRow> = {}): ExecutionRow {
  return {
    id: randomUUID(),
    tenant,
    requestId: "request",
    via: "execute",
    function: null,
    version: null,
    level: "container",
    tools: ["crypto"],
    permissions: { net: ["example.com:443"] },
    outcome: "ok",
    error: null,
    startedAt: new Date("2026-01-02T03:04:05.678Z"),
    duration: 1.25,
    usage: {
      wall: 2.5,
      queued: 0.5,
      cpu: 1.5,
      peakMemory: 3_000_000_000,
      bytesOut: 5,
      egressBytes: 0,
      channelDropped: 7,
    },
    ...more,
  };
}

/** Makes the kept logs of an execution from its entries. */
export function kept(entries: unknown, more: Partial<KeptLogs> = {}): KeptLogs {
  const text = JSON.stringify(entries);
  const count = (entries as unknown[]).length;
  return { entries: text, count, dropped: 0, level: 0, most: 67_108_864, server: "s", ...more };
}

export function version(tenant: string, more: Partial<NewVersion> = {}): NewVersion {
  return {
    tenant,
    name: "f",
    kind: "value",
    files: { "main.ts": NASTY },
    main: "main.ts",
    code: NASTY,
    request: { timeout: 5 },
    public: false,
    ...more,
  };
}

export function job(tenant: string, more: Partial<NewJob> = {}): NewJob {
  return {
    id: randomUUID(),
    tenant,
    requestId: "request",
    request: { code: NASTY, input: [1.5, null, NASTY] },
    function: null,
    version: null,
    callback: null,
    ...more,
  };
}

/** Returns a nasty text as a column of texts stores it: without NUL and half a pair. */
export function asText(text: string): string {
  return text.replaceAll("\0", "\ufffd").toWellFormed();
}
