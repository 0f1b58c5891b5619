/** Tests statements in stack.yaml that repeat compose.yaml, or refer to other files. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SECRET_FILES } from "../../../server/secret-files.ts";
import { readSettings } from "../../../server/settings.ts";
import { HAPROXY } from "../../helpers/stand-ins.ts";

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../../${name}`, import.meta.url), "utf8");

/** Reads a file of services with the defaults of its variables. */
async function servicesOf(name: string) {
  const text = JSON.stringify(parse(await read(name), { merge: true }));
  return JSON.parse(text.replace(/\$\{(\w+):[-?]([^}]*)\}/g, "$2"));
}

const stack = await servicesOf("stack.yaml");
const compose = await servicesOf("compose.yaml");
const server = stack.services["control-plane"];

describe("stack.yaml", () => {
  it("gives the control plane settings that it takes", () => {
    const given = Object.entries(server.environment).map(([name, value]) => [name, String(value)]);
    const env = Object.fromEntries(given);
    const secrets = SECRET_FILES.filter((name) => name in env);
    expect(secrets.map((name) => env[name]?.split("/").at(-1)).sort()).toEqual(
      [...server.secrets].sort(),
    );
    for (const name of secrets) delete env[name];
    const settings = readSettings({ ...env, ISOLATE_ADMIN_KEY: "a".repeat(64) });
    expect(settings).toMatchObject({ host: "0.0.0.0", config: { port: 8787 } });
  });

  it("confines services as compose.yaml does, as far as a swarm can", () => {
    for (const name of ["control-plane", "egress"]) {
      const { read_only, cap_drop } = compose.services[name];
      expect(stack.services[name]).toMatchObject({ read_only, cap_drop });
    }
    const { command, healthcheck, mem_limit, pids_limit } = compose.services.egress;
    expect(stack.services.egress).toMatchObject({ command, healthcheck });
    const limits = { memory: mem_limit, pids: pids_limit };
    expect(stack.services.egress.deploy.resources.limits).toEqual(limits);
  });

  it("gives each service the folders that it has in compose.yaml", () => {
    const targets = (service: { volumes: (string | { target: string })[] }): string[] =>
      service.volumes.map(
        (one) => (typeof one === "string" ? one.split(":")[1] : one.target) ?? "",
      );
    expect(targets(server).sort()).toEqual(
      [...targets(compose.services["control-plane"]), "/tmp"].sort(),
    );
    expect(targets(stack.services.egress)).toEqual(targets(compose.services.egress));
  });

  it("gives the proxy no secret, no settings, and no network of another service", () => {
    const { egress, balancer } = stack.services;
    for (const name of ["environment", "env_file", "secrets"])
      expect(egress).not.toHaveProperty(name);
    const others = [...server.networks, ...balancer.networks];
    expect(egress.networks.filter((name: string) => others.includes(name))).toEqual([]);
  });

  it("leaves a node time to drain, within what a swarm grants", () => {
    const grace = Number.parseInt(server.stop_grace_period, 10) * 1_000;
    const { ISOLATE_DRAIN_DELAY: delay, ISOLATE_DRAIN: drain } = server.environment;
    // The same again as compose.yaml leaves for removal.
    expect(grace).toBeGreaterThanOrEqual(Number(delay) + Number(drain) + 20_000);
    expect(grace).toBeLessThan(60_000);
  });

  it("drains for longer than HAProxy takes to notice, and each service is found by name", async () => {
    const text = await read("deploy/haproxy/haproxy.cfg");
    const [, inter = "", fall = ""] = /check inter (\d+)s .*fall (\d+)/.exec(text) ?? [];
    expect(Number(server.environment.ISOLATE_DRAIN_DELAY)).toBeGreaterThan(
      Number(inter) * Number(fall) * 1_000,
    );
    expect(text).toContain("tasks.control-plane:8787");
    for (const one of Object.values<{ deploy: object }>(stack.services)) {
      expect(one.deploy).toMatchObject({ endpoint_mode: "dnsrr" });
    }
    for (const port of stack.services.balancer.ports) expect(port.mode).toBe("host");
  });

  it("has the image of HAProxy that tests have", () => {
    expect(stack.services.balancer.image).toBe(HAPROXY);
  });
});
