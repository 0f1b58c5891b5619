import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { messageOf } from "../src/base/errors.ts";
import type { EgressSettings } from "../src/egress-client/egress.ts";
import { egressService } from "../src/egress-client/service.ts";
import { call } from "../src/engines/container/docker.ts";
import { bind, Label } from "../src/engines/container/flags.ts";
import { ContainerLauncher } from "../src/engines/container/launcher.ts";
import { removeContainer } from "../src/engines/container/remove.ts";
import { Sidecar } from "../src/engines/container/sidecar.ts";
import { missingSandbox } from "../src/engines/explain/host-faults.ts";
import type { Instance } from "../src/engines/instance/instance.ts";
import type { Launch } from "./escape-checks.ts";
import { type Finding, fail, faulty, ok } from "./finding.ts";
import { allowAll, runProbe } from "./probe.ts";

const PROXY_WITHIN = 20_000;
const PROXY_POLL = 50;
const READ_WITHIN = 15_000;

export interface ContainerParts {
  readonly docker: Docker;
  readonly instance: Instance;
  /** Name of a runner image. */
  readonly image: string;
  readonly runtime: string | undefined;
}

/** Makes a launcher that starts sandboxes as the server does. `adjust` may change their options. */
export function launcherOf(
  { image, ...parts }: ContainerParts,
  adjust: (options: ContainerCreateOptions) => void = () => {},
): ContainerLauncher {
  return new ContainerLauncher({
    ...parts,
    image: () => image,
    adjust(options) {
      adjust(options);
      return options;
    },
  });
}

/**
 * Makes launchers for sandboxes without the inner layer. The image's Worker has all permissions of
 * its process, and the process has every permission. Containers that hold a network run no code, so
 * they stay as they are.
 */
export function openLaunchers(
  parts: ContainerParts,
  adjust: (options: ContainerCreateOptions) => void = () => {},
) {
  const open = (user?: string) =>
    launcherOf(parts, (options) => {
      if (options.Labels?.[Label.kind] !== "sandbox") return;
      allowAll(options);
      if (user !== undefined) options.User = user;
      adjust(options);
    });
  return { asNobody: open(), asRoot: open("0:0") };
}

/** Checks that the engine sees this host's run directory, and not one of its own with that name. */
export async function checkShared(parts: ContainerParts): Promise<Finding> {
  const { docker, instance, image } = parts;
  const directory = join(instance.directory, "shared");
  const word = randomBytes(8).toString("hex");
  try {
    await mkdir(directory, { mode: 0o755 });
    await writeFile(join(directory, "word"), word, { mode: 0o644 });
    const code = `Deno.exit(Deno.readTextFileSync("/shared/word") === "${word}" ? 0 : 9)`;
    const container = await call(
      "create",
      docker.createContainer({
        Image: image,
        Cmd: ["eval", code],
        HostConfig: {
          NetworkMode: "none",
          ReadonlyRootfs: true,
          // A mount is refused if the engine has no such directory. A bind would create one.
          Mounts: [bind(directory, "/shared")],
        },
      }),
    );
    try {
      await call("start", container.start());
      const { StatusCode } = (await call("end", container.wait(), READ_WITHIN)) as {
        StatusCode: number;
      };
      if (StatusCode === 0) {
        return ok("run directory", `${instance.runDirectory} is shared with the engine`);
      }
      return fail("run directory", `${instance.runDirectory} is another one for the engine`, SHARE);
    } finally {
      await removeContainer(container);
    }
  } catch (error) {
    const said = `${instance.runDirectory} is not shared with the engine: ${messageOf(error)}`;
    return fail("run directory", said, SHARE);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const SHARE =
  "Name by ISOLATE_RUN_DIR a directory that the engine and this process see at the same path; in a container, mount it there";

/** Checks that a sandbox starts, dials its socket and runs code. */
export async function checkSandbox(check: string, launch: Launch): Promise<Finding> {
  const started = performance.now();
  const since = (): string => `${Math.round(performance.now() - started)} ms`;
  try {
    const sandbox = await launch({ memory: 256, cpus: 1 });
    try {
      const { sum } = await runProbe(sandbox, "return { sum: 6 * 7 };", "");
      if (sum === 42) return ok(check, `A sandbox started and ran code within ${since()}`);
      const { advice } = missingSandbox(undefined);
      return fail(check, "A sandbox did not give the result it should", advice);
    } finally {
      await sandbox.destroy();
    }
  } catch (error) {
    return faulty(check, missingSandbox(error));
  }
}

/** Checks that the egress proxy starts and answers, also one that another program runs. */
export async function checkProxy(
  parts: ContainerParts,
  settings: EgressSettings,
  socket: string | undefined,
): Promise<Finding> {
  let last = "it does not answer";
  const log = (line: string): void => {
    last = line;
  };
  const image = (): string => parts.image;
  const proxy =
    socket === undefined
      ? new Sidecar({ ...parts, image, egress: settings, slots: new Set(), log })
      : egressService({ socket, settings, log });
  proxy.keep();
  try {
    for (const end = Date.now() + PROXY_WITHIN; Date.now() < end; await sleep(PROXY_POLL)) {
      if (proxy.up) return ok("egress proxy", "The egress proxy answers");
    }
    return fail("egress proxy", `Requests with hosts would be refused: ${last}`, PROXY_ADVICE);
  } finally {
    await proxy.close();
  }
}

const PROXY_ADVICE =
  "Correct ISOLATE_EGRESS_HOSTS, ISOLATE_EGRESS_PRIVATE and ISOLATE_EGRESS_SOCKET, or see the proxy's log";
