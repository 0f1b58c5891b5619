import { createServer } from "node:http";
import { readRunner } from "../../src/deno/runner.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import { docker } from "../helpers/containers.ts";
import { type Cleanup, listenLocally } from "../helpers/egress.ts";
import { EgressSite } from "./egress-site.ts";

/** A proxy in the host's network, and two web servers of the test process. */
export interface LoopbackSite {
  readonly site: EgressSite;
  /** Address of the granted server as `host:port`, then of the other one. */
  readonly up: string;
  readonly evil: string;
  /** Paths that reached the second server. */
  readonly reached: string[];
}

/**
 * Opens the site. `ports` are further servers of the test, which the proxy may reach as
 * `up.example`.
 */
export async function openLoopbackSite(
  cleanup: Cleanup,
  ports: readonly number[] = [],
): Promise<LoopbackSite> {
  const reached: string[] = [];
  const [up, evil] = await Promise.all([serve(cleanup, []), serve(cleanup, reached)]);
  const log = (): void => {};
  const real = await ensureRunnerImage(docker, await readRunner(), log);
  const open = await ensureRunnerImage(docker, await readRunner("inherit"), log);
  const site = await EgressSite.open({
    images: { real, open },
    egress: {
      hosts: {
        "up.example": "127.0.0.1",
        "evil.example": "127.0.0.1",
        "inner.example": "10.1.2.3",
      },
      private: [
        `evil.example:${evil}`,
        ...[up, evil, ...ports].map((port) => `up.example:${port}`),
      ],
    },
  });
  cleanup.add(() => site.close());
  return { site, up: `up.example:${up}`, evil: `evil.example:${evil}`, reached };
}

function serve(cleanup: Cleanup, reached: string[]): Promise<number> {
  const server = createServer((request, response) => {
    reached.push(request.url ?? "");
    response.end(`reached ${request.url}`);
  });
  cleanup.add(() => server.close());
  return listenLocally(server);
}
