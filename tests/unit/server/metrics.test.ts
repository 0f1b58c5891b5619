import { expect, it } from "vitest";
import { buildApp } from "../../../server/app.ts";
import { QuotaExceeded } from "../../../server/errors/quota-error.ts";
import { Metrics } from "../../../server/metrics/metrics.ts";
import type { Services } from "../../../server/services.ts";
import { config } from "../../../src/config/config.ts";
import { NOT_MEASURED } from "../../../src/engines/explain/outcome.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { RecordingEngine } from "../../fakes/recording-engine.ts";
import { servicesOver, storelessServices } from "../../helpers/services.ts";
import { execution } from "../../helpers/store-rows.ts";

function kernelOf(): Kernel {
  return new Kernel({ config: config(), engines: [new RecordingEngine("container")] });
}

function appOver(services: Services = storelessServices(kernelOf())) {
  const app = buildApp({ services, maxBody: 8_388_608, onError: () => {} });
  const post = (body: object) =>
    app.request("/execute", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  const scrape = async () => (await app.request("/metrics")).text();
  return { app, post, scrape };
}

it("counts executions by how they were asked for and how they ended", async () => {
  const { post, scrape } = appOver();
  await post({ code: "export default () => 1" });
  await post({ code: "export default () => 1" });
  await post({ code: "export default () => 1", tools: ["nope"] });
  const text = await scrape();
  expect(text).toContain(
    'isolate_executions_total{via="execute",level="container",outcome="ok"} 2',
  );
  expect(text).toContain(
    'isolate_executions_total{via="execute",level="container",outcome="refused"} 1',
  );
  expect(text).toContain('isolate_refusals_total{code="BAD_REQUEST"} 1');
  // Executions that never ran took no time of a sandbox.
  expect(text).toContain('isolate_execution_seconds_count{level="container"} 2');
  expect(text).toContain(
    'isolate_http_requests_total{method="POST",route="/execute",status="200"} 2',
  );
});

it("counts the channel messages that slow executions lost", async () => {
  const lost = [3, 0, 4];
  const engine = new RecordingEngine("container", () => ({
    usage: { ...NOT_MEASURED, channelDropped: lost.shift() ?? 0 },
  }));
  const kernel = new Kernel({ config: config(), engines: [engine] });
  const { post, scrape } = appOver(storelessServices(kernel));
  const answer = await post({ code: "export default () => 1" });
  expect(await answer.json()).toMatchObject({ usage: { channelDropped: 3 } });
  while (lost.length > 0) await post({ code: "export default () => 1" });
  expect(await scrape()).toContain("isolate_channel_dropped_total 7");
});

it("counts the sandboxes that have been started", async () => {
  const engine = new RecordingEngine("isolated");
  const { scrape } = appOver(
    storelessServices(new Kernel({ config: config(), engines: [engine] })),
  );
  const profile = { memory: 128, cpus: 1 };
  const spawn = { id: "1", level: engine.level, profile, kill: async () => {} };
  for (const listener of [...engine.spawnListeners, ...engine.spawnListeners]) listener(spawn);
  expect(await scrape()).toContain('isolate_sandboxes_started_total{level="isolated"} 2');
});

it("tells what the pool, the queue, the records and the store are at", async () => {
  const fails = () => Promise.reject(new Error("away"));
  const store = { ...storelessServices(kernelOf()).store, ping: fails };
  const text = await appOver(servicesOver(store, kernelOf())).scrape();
  for (const state of ["warm", "starting", "leased", "kept"]) {
    expect(text).toContain(`isolate_sandboxes{level="container",state="${state}"} 0`);
  }
  expect(text).toContain('isolate_waiting{level="container"} 0');
  expect(text).toContain('isolate_engine_up{level="container"} 1');
  expect(text).toContain("isolate_audit_waiting 0");
  expect(text).toContain("isolate_store_up 0");
});

it("tells that a store answers", async () => {
  const store = { ...storelessServices(kernelOf()).store, ping: async () => {} };
  const text = await appOver(servicesOver(store, kernelOf())).scrape();
  expect(text).toContain("isolate_store_up 1");
});

it("has as many series as it has names, whatever it is asked", async () => {
  const { app, post, scrape } = appOver();
  const series = async () => (await scrape()).split("\n").filter((line) => !line.startsWith("#"));
  await app.request("/nowhere/0");
  await post({ code: "", sandbox: "x0" });
  await scrape();
  const before = (await series()).length;
  for (let i = 1; i < 50; i += 1) {
    await app.request(`/nowhere/${i}`);
    await app.request(`/jobs/${i}?x=${i}`, { method: "PATCH" });
    await post({ code: "", sandbox: `x${i}`, tools: [`t${i}`] });
  }
  // The series of `PATCH /jobs/{id}`: a counter, and a histogram's buckets, sum and count.
  expect((await series()).length - before).toBeLessThan(20);
});

it("counts what quotas refuse, which is written down nowhere", async () => {
  const admission = {
    admit: () => Promise.reject(new QuotaExceeded("RATE_LIMIT", "Too many", 1_000)),
    hold: () => Promise.reject(new QuotaExceeded("RATE_LIMIT", "Too many", 1_000)),
    charge: () => {},
  };
  const { store } = storelessServices(kernelOf());
  const { post, scrape } = appOver(servicesOver(store, kernelOf(), { admission }));
  expect((await post({ code: "export default () => 1" })).status).toBe(429);
  const text = await scrape();
  expect(text).toContain('isolate_refusals_total{code="RATE_LIMIT"} 1');
  expect(text).not.toContain("isolate_executions_total{");
});

it("names as many tenants as the operator asks for, and the others together", async () => {
  const labels = async (metrics: Metrics) => {
    const row = execution("");
    const usage = row.usage && { ...row.usage, cpu: 1_000 };
    for (const tenant of ["a", "other", "b", "c", "a"]) {
      metrics.onExecution({ ...row, tenant, usage });
      metrics.onRefusal("RATE_LIMIT", tenant);
    }
    const lines = (await metrics.registry.metrics()).split("\n");
    return lines.filter((line) =>
      /^isolate_(executions|refusals|execution_cpu)\w*_total\{/.test(line),
    );
  };
  const [named, plain] = [await labels(new Metrics(2)), await labels(new Metrics())];
  const each = (name: string, rest: string) =>
    ["a", "other", "b"].map(
      (tenant) => `${name}{${rest},tenant="${tenant}"} ${tenant === "b" ? 1 : 2}`,
    );
  const executions = 'via="execute",level="container",outcome="ok"';
  expect(named).toEqual([
    ...each("isolate_executions_total", executions),
    ...each("isolate_execution_cpu_seconds_total", 'level="container"'),
    ...each("isolate_refusals_total", 'code="RATE_LIMIT"'),
  ]);
  expect(plain).toEqual([
    `isolate_executions_total{${executions}} 5`,
    'isolate_execution_cpu_seconds_total{level="container"} 5',
    'isolate_refusals_total{code="RATE_LIMIT"} 5',
  ]);
});
