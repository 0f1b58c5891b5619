/** Tests statements in compose.yaml and Dockerfile that repeat others, or refer to other files. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readSettings } from "../../../server/settings.ts";
import { DENO_VERSION } from "../../../src/deno/deno.ts";
import { sidecarOptions } from "../../../src/engines/container/flags.ts";
import { STAND_INS } from "../../helpers/stand-ins.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  ISOLATE_ADMIN_KEY: "a".repeat(64),
  ISOLATE_SECRET_KEY: "0".repeat(64),
  ISOLATE_RUN_DIR: "/srv/run",
  POSTGRES_PASSWORD: "secret",
};

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../../${name}`, import.meta.url), "utf8");

/** Reads compose.yaml with its variables filled in. */
async function composition(variables: Readonly<Record<string, string>> = VARIABLES) {
  const text = JSON.stringify(parse(await read("compose.yaml"))).replace(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_all, name: string, kind: string, rest: string) => {
      if (variables[name] === undefined && kind === "?") throw new Error(`${name}: ${rest}`);
      return variables[name] ?? rest;
    },
  );
  return JSON.parse(text).services;
}

describe("compose.yaml", () => {
  it("gives the control plane settings that it takes", async () => {
    const { environment } = (await composition())["control-plane"];
    const env = Object.entries(environment).map(([name, value]) => [name, String(value)]);
    const settings = readSettings(Object.fromEntries(env));
    expect(settings).toMatchObject({
      host: "0.0.0.0",
      adminKey: VARIABLES.ISOLATE_ADMIN_KEY,
      runDirectory: "/srv/run",
      config: { port: 8787 },
      containers: { egressSocket: "/srv/run/egress/admin.sock" },
    });
    expect(JSON.stringify(settings.store)).toContain("secret@postgres");
  });

  it.each(["ISOLATE_ADMIN_KEY", "ISOLATE_SECRET_KEY", "POSTGRES_PASSWORD"])(
    "is not started without %s",
    async (name) => {
      const { [name]: _missing, ...rest } = VARIABLES;
      await expect(composition(rest)).rejects.toThrow(`${name}: put it into .env`);
    },
  );

  it("starts the proxy as a server does that has none", async () => {
    const { egress } = await composition();
    const { Cmd, HostConfig } = sidecarOptions({
      image: "",
      slot: "",
      instance: { id: "", runDirectory: "/srv", directory: "/srv/run" },
      adminSocket: "/srv/run/egress/admin.sock",
      egress: {},
    });
    // A server's own proxy ends with it. This one waits for the next server.
    expect([...egress.command, '{"endAfter":60000}']).toEqual(Cmd);
    expect(egress).toMatchObject({
      read_only: HostConfig?.ReadonlyRootfs,
      cap_drop: HostConfig?.CapDrop,
      security_opt: HostConfig?.SecurityOpt,
      mem_limit: "1g",
      pids_limit: HostConfig?.PidsLimit,
      volumes: HostConfig?.Mounts?.map(({ Source, Target }) => `${Source}:${Target}`),
    });
    expect(HostConfig?.Memory).toBe(1_024 * 1_048_576);
  });

  it("has the engine make no folder of the host's but the run directory", async () => {
    const services = Object.values(await composition()) as { volumes?: unknown[] }[];
    const volumes = services.flatMap((service) => service.volumes ?? []);
    const made = volumes.filter((volume) => typeof volume === "string");
    const named = "store:/var/lib/postgresql/data";
    expect(new Set(made)).toEqual(new Set(["/srv/run:/srv/run", named]));
    const others = volumes.filter((volume) => typeof volume !== "string");
    expect(others).toHaveLength(2);
    for (const volume of others) expect(volume).toMatchObject({ type: "bind" });
  });

  it("gives no secret to the proxy, and the store's password to no tenant's code", async () => {
    const { egress, "control-plane": server } = await composition();
    expect(egress).not.toHaveProperty("environment");
    expect(egress).not.toHaveProperty("env_file");
    expect(server.environment.POSTGRES_PASSWORD).toBe("");
  });
});

describe("the images", () => {
  it("are made of those there are stand-ins for, and of the Deno of package.json", async () => {
    const dockerfile = (await read("Dockerfile")).replace(/\$\{DENO_VERSION\}/, DENO_VERSION);
    expect(dockerfile).toContain(`ARG DENO_VERSION=${DENO_VERSION}\n`);
    const froms = [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)];
    const stages = froms.map(([, , stage]) => stage);
    const bases = froms.map(([, base]) => base).filter((base) => !stages.includes(base));
    const { postgres } = await composition();
    expect([...new Set(bases), postgres.image].sort()).toEqual(Object.keys(STAND_INS).sort());
  });

  it("hold no file that is not named, above all no .env", async () => {
    const [first, ...rest] = (await read(".dockerignore"))
      .split("\n")
      .filter((line) => !/^(#|$)/.test(line));
    expect(first).toBe("*");
    expect(rest.filter((line) => !line.startsWith("!"))).toEqual([]);
    expect(rest.join()).not.toMatch(/\.env|\.git|node_modules/);
  });
});
