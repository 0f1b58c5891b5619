/** Requests of a tenant that leaves behind all that it can. */
const TMP = { read: ["/tmp"], write: ["/tmp"] };

const FILL = `export default () => {
  const chunk = new Uint8Array(1024 * 1024).fill(1);
  try { for (let n = 0; ; n += 1) Deno.writeFileSync("/tmp/large-" + n, chunk) } catch {}
  try { for (let n = 0; n < 2_000; n += 1) Deno.writeFileSync("/tmp/small-" + n, "") } catch {}
  return 1;
}`;

const LEAK = `globalThis.all = Array.from({ length: 20 }, () => new Uint8Array(1024 * 1024).fill(1));
export default () => 1`;

const LEAVE = `const spin = "data:text/javascript,postMessage(1);for(;;);";
for (let n = 0; n < 3; n += 1) {
  const worker = new Worker(spin, { type: "module" });
  await new Promise((resolve) => { worker.onmessage = resolve });
}
setInterval(() => { for (const end = Date.now() + 5; Date.now() < end; ); }, 0);
(async () => { for (;;) await new Promise((resolve) => setImmediate(resolve)) })();
export default () => 1`;

const OPEN = `const files = [];
export default () => {
  try { for (let n = 0; n < 1024; n += 1) files.push(Deno.openSync("/tmp/open-" + n, { write: true, create: true })) }
  catch {}
  return 1;
}`;

const SPIN = "export default () => { for (;;); }";

/** Settings of each. A short wait keeps requests that nobody will serve from piling up. */
const COMMON = { timeout: 1_000, queueTimeout: 2_000, reuse: "tenant" };

const REQUESTS: readonly object[] = [
  { code: FILL, permissions: TMP },
  { code: LEAK },
  { code: LEAVE },
  { code: OPEN, permissions: TMP },
  { code: SPIN, timeout: 200 },
];

/**
 * Makes the request with that number: one kind after the other, each with code of its own. `/tmp` is
 * a container's alone, so elsewhere code is granted none.
 */
export function badRequest(n: number, level: "container" | "isolated" = "container"): object {
  const { code, ...more } = REQUESTS[n % REQUESTS.length] as { code: string };
  const own = { ...COMMON, ...more, code: `${code}\n// ${n}`, sandbox: level };
  return level === "container" ? own : { ...own, permissions: {} };
}

/** Number of kinds of such requests. */
export const KINDS = REQUESTS.length;

/** Answers of a time at that rate, by their status. */
export interface Answers {
  readonly sent: number;
  readonly statuses: ReadonlyMap<number, number>;
}

/**
 * Sends such requests at a steady rate for a time, whether earlier ones were answered or not.
 * Resolves once each has its answer.
 */
export async function sendSteadily(
  send: (n: number) => Promise<number>,
  { perSecond, ms, signal }: { perSecond: number; ms: number; signal?: AbortSignal },
): Promise<Answers> {
  const statuses = new Map<number, number>();
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let sent = 0; ; ) {
    const passed = performance.now() - started;
    for (; sent < Math.min((passed * perSecond) / 1_000, (ms * perSecond) / 1_000); sent += 1) {
      const answered = send(sent).then((status) => {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      });
      // A failure is reported at the end, with the others waited for.
      answered.catch(() => {});
      pending.push(answered);
    }
    if (passed >= ms || signal?.aborted) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const settled = await Promise.allSettled(pending);
  for (const each of settled) if (each.status === "rejected") throw each.reason;
  return { sent: pending.length, statuses };
}
