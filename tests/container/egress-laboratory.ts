import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { Label } from "../../src/engines/container/flags.ts";
import { ensureRunnerImage } from "../../src/engines/container/image.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { Sidecar } from "../../src/engines/container/sidecar.ts";
import type { Ending, JobGrants } from "../../src/engines/engine.ts";
import { Instance } from "../../src/engines/instance.ts";
import { bundleRunner } from "../../src/engines/runner.ts";
import { DEFAULT_OUTPUT_LIMITS } from "../../src/protocol/limits.ts";
import type { Denial } from "../../src/types.ts";
import { until } from "../contract/engine-contract.ts";
import { docker, runtime } from "../helpers/containers.ts";

const PROFILE = { memory: 256, cpus: 1 };

/** What became of a job, and what the proxy refused to it. */
export interface Seen {
  readonly ending: Ending;
  readonly denied: readonly Denial[];
}

interface Parts {
  readonly docker: Docker;
  readonly runDirectory: string;
  readonly instance: Instance;
  readonly servers: readonly Server[];
  readonly launchers: Readonly<Record<"real" | "open", ContainerLauncher>>;
}

/**
 * Two servers on this host, a proxy that may reach both, and sandboxes whose layers can be switched
 * off one at a time. `up.example` is the one that jobs are granted, `evil.example` the other one.
 */
export class EgressLaboratory {
  /** `host:port` of the servers. */
  readonly up: string;
  readonly evil: string;
  /** Paths that reached each of them. */
  readonly reached: { readonly up: string[]; readonly evil: string[] };
  readonly sidecar: Sidecar;
  readonly #parts: Parts;

  private constructor(
    fields: Pick<EgressLaboratory, "up" | "evil" | "reached" | "sidecar">,
    parts: Parts,
  ) {
    this.up = fields.up;
    this.evil = fields.evil;
    this.reached = fields.reached;
    this.sidecar = fields.sidecar;
    this.#parts = parts;
  }

  static async open(): Promise<EgressLaboratory> {
    const reached = { up: [] as string[], evil: [] as string[] };
    const evilServer = await serve(reached.evil, () => "");
    const evil = `evil.example:${portOf(evilServer)}`;
    const upServer = await serve(reached.up, () => `http://${evil}/redirected`);
    const up = `up.example:${portOf(upServer)}`;
    const runDirectory = await mkdtemp(join(tmpdir(), "egress-"));
    const instance = await Instance.create(runDirectory);
    const slots = new Set<string>();
    const log = (): void => {};
    const real = await ensureRunnerImage(docker, await bundleRunner(), log);
    const open = await ensureRunnerImage(docker, await bundleRunner("inherit"), log);
    const sidecar = new Sidecar({
      docker,
      instance,
      slots,
      log,
      egress: {
        hosts: {
          "up.example": "127.0.0.1",
          "evil.example": "127.0.0.1",
          "inner.example": "10.1.2.3",
        },
        private: [
          up,
          evil,
          ...["up.example", "127.0.0.1"].map((h) => `${h}:${portOf(evilServer)}`),
        ],
      },
    });
    sidecar.supervise(() => real);
    const reach = { env: [], net: true, read: [], write: [], sys: false };
    const launcher = (image: string): ContainerLauncher =>
      new ContainerLauncher({
        docker,
        runtime,
        instance,
        slots,
        reach,
        egress: sidecar,
        image: () => image,
      });
    await until(() => sidecar.up);
    return new EgressLaboratory(
      { up, evil, reached, sidecar },
      {
        docker,
        runDirectory,
        instance,
        servers: [upServer, evilServer],
        launchers: { real: launcher(real), open: launcher(open) },
      },
    );
  }

  /** Grants in Deno's form: `net` for the Worker, `egress` for the proxy. */
  grants(net: readonly string[], egress: readonly string[] | null): JobGrants {
    const none = { env: false, read: false, write: false, sys: false } as const;
    const never = { run: false, ffi: false, import: false } as const;
    return { worker: { ...none, ...never, net }, env: {}, egress };
  }

  /** Runs code in a sandbox of its own; in an `open` one the Worker holds what its process does. */
  async run(
    runner: "real" | "open",
    grants: JobGrants | undefined,
    code: string,
    before: () => Promise<void> = async () => {},
  ): Promise<Seen> {
    const sandbox = await this.#parts.launchers[runner].launch(PROFILE);
    let denied: readonly Denial[] = [];
    try {
      await before();
      const job = {
        code,
        entry: "default",
        input: JSON.stringify({ up: this.up, evil: this.evil, port: this.evil.split(":")[1] }),
        tools: [],
        limits: DEFAULT_OUTPUT_LIMITS,
        grants,
      };
      const onDenied = (all: readonly Denial[]): void => {
        denied = all;
      };
      const ending = await sandbox.run(job, { onLog: () => {}, onDenied }, 20_000);
      return { ending, denied };
    } finally {
      await sandbox.destroy();
    }
  }

  /** Ends the proxy's container as a crash would, and resolves when that has been noticed. */
  async killProxy(): Promise<void> {
    const { docker, instance } = this.#parts;
    const label = [`${Label.kind}=egress`, `${Label.instance}=${instance.id}`];
    const [proxy] = await docker.listContainers({ filters: { label } });
    await docker.getContainer(proxy?.Id ?? "").kill();
    await until(() => !this.sidecar.up);
  }

  async close(): Promise<void> {
    const { launchers, servers, instance, runDirectory } = this.#parts;
    await this.sidecar.close();
    await Promise.all(Object.values(launchers).map(({ networks }) => networks.close()));
    for (const server of servers) server.close();
    await instance.close();
    await rm(runDirectory, { recursive: true, force: true });
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A server on loopback that notes the paths it is asked for; `/redirect` leads elsewhere. */
async function serve(paths: string[], elsewhere: () => string): Promise<Server> {
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    if (request.url === "/redirect") response.writeHead(302, { location: elsewhere() });
    request.resume().on("end", () => response.end(`reached ${request.url}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
