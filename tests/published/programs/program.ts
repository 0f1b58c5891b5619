/** A program that makes an isolate by its settings, and runs code in it. */
import { config } from "isolate/config";
import { create } from "isolate/kernel";
import type { Output } from "isolate/types";

/** Shape of the published settings. */
interface PublishedSettings {
  maxSize: number;
  timeout: number;
  port: number;
  strict?: boolean;
  audit?: boolean;
  crypto?: { subtle?: boolean; limit?: number; methods?: string[] };
}

/** Shape of a published answer. */
interface PublishedOutput {
  ok: boolean;
  result?: unknown;
  logs?: readonly {
    level: "log" | "info" | "warn" | "error" | "exception";
    message: string;
    timestamp: number;
    name?: string | undefined;
    stack?: string | undefined;
  }[];
  duration: number;
}

const settings = config({
  maxSize: 100_000,
  timeout: 3_000,
  port: 8787,
  strict: true,
  audit: false,
});
export const published: PublishedSettings = settings;

export async function main(): Promise<PublishedOutput> {
  const isolate = await create({ config: settings, useCluster: true, plugins: [] });
  const output: Output = await isolate.execute({
    code: "export default (x) => x * 2",
    input: 21,
    tools: ["crypto"],
  });
  await isolate.close();
  return output;
}

/** Settings are passed in part, too. */
export const openers = {
  narrow: () => create({ config: config({ crypto: { subtle: false, limit: 1_024 } }) }),
  careful: () => create({ config: { strict: true, audit: true } }),
  wide: () => create({ config: { cluster: { min: 4, max: 16, idle: 60_000 } } }),
  reaching: () =>
    create({
      config: {
        crypto: { subtle: true, limit: 65_536, methods: ["getRandomValues", "randomUUID"] },
        db: { hosts: ["backup.db.example.com:5432"] },
      },
    }),
  fresh: () => create({ useCluster: false }),
};
