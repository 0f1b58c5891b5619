import { join } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../src/base/errors.ts";
import type { Config } from "../src/config/config.ts";
import { readRunner, writeRunner } from "../src/deno/runner.ts";
import { dockerClient, engineSocket } from "../src/engines/container/docker.ts";
import type { ContainerLauncher } from "../src/engines/container/launcher.ts";
import { missingMounts, saidOf } from "../src/engines/container/mounts.ts";
import { ensureRunnerImage } from "../src/engines/container/runner-image.ts";
import type { ContainerHost } from "../src/engines/create.ts";
import { DenoProcessLauncher } from "../src/engines/deno-process/launcher.ts";
import { missingImage } from "../src/engines/explain/host-faults.ts";
import { Instance } from "../src/engines/instance/instance.ts";
import { checkEngine } from "./docker-checks.ts";
import { checkContainer, checkWorker, type Launch } from "./escape-checks.ts";
import { type Finding, fail, faulty, ok, warn } from "./finding.ts";
import { checkClock, checkNames, checkPrograms, checkSocketPaths } from "./host-checks.ts";
import {
  type ContainerParts,
  checkProxy,
  checkSandbox,
  checkShared,
  launcherOf,
  openLaunchers,
} from "./probe-launchers.ts";

export interface DoctorOptions {
  readonly config: Config;
  /** Directory of the control sockets. */
  readonly runDirectory: string;
  /** Engine for containers; `null` for none. */
  readonly containers: ContainerHost | null;
  /** Receives one line for each slow step. */
  readonly log: (line: string) => void;
}

/**
 * Examines a host as the server would use it, and tries to escape from sandboxes on it. Yields each
 * finding as soon as it is known. A running server in the same run directory is not disturbed.
 * Nothing but the images stays behind.
 */
export async function* examine(options: DoctorOptions): AsyncGenerator<Finding> {
  yield* checkPrograms();
  const { runDirectory, containers } = options;
  yield* checkClock();
  const tooLong = checkSocketPaths(runDirectory);
  if (tooLong.length > 0) return yield* tooLong;
  let instance: Instance;
  try {
    instance = await Instance.create(runDirectory);
  } catch (error) {
    const advice = "Be its owner, or name another one by ISOLATE_RUN_DIR";
    yield fail("run directory", `${runDirectory} cannot be used: ${messageOf(error)}`, advice);
    return;
  }
  try {
    yield* checkProcesses(instance);
    if (containers !== null) yield* checkContainers(options, containers, instance);
    else yield* checkMounts(options.config, null);
  } finally {
    await instance.close();
  }
}

/** Checks level `isolated`: Deno processes with the inner layer alone. */
async function* checkProcesses(instance: Instance): AsyncGenerator<Finding> {
  const runnerDirectory = join(instance.directory, "runner");
  await writeRunner(await readRunner(), runnerDirectory);
  const launcher = new DenoProcessLauncher({
    instanceDirectory: instance.directory,
    runnerDirectory,
  });
  const launch: Launch = (profile) => launcher.launch(profile);
  try {
    const sandbox = await checkSandbox("isolated", launch);
    yield sandbox;
    yield await checkWalls(launcher);
    if (sandbox.level === "ok") yield await checkWorker("escape isolated", launch);
  } finally {
    await launcher.close();
  }
}

/** Checks the protections around a process, beside the inner layer. */
async function checkWalls(launcher: DenoProcessLauncher): Promise<Finding> {
  const missing = await launcher.missingWalls();
  if (missing === undefined) {
    return ok(
      "walls isolated",
      "Processes have no network, privileges or descriptors of this host",
    );
  }
  const advice =
    "See docs/security/isolation-levels.md#walls-around-a-process; container has all of it on every host";
  return warn(
    "walls isolated",
    `Processes of level "isolated" are weaker here: ${missing}`,
    advice,
  );
}

/** Checks the folders that a server does not start without. */
async function* checkMounts({ mounts }: Config, docker: Docker | null): AsyncGenerator<Finding> {
  for (const mount of await missingMounts(mounts, docker)) {
    yield fail("mounts", saidOf(mount), "Make it, or leave it out of the setting");
  }
}

/**
 * Checks level `container`, from the engine to the protections that hold without the inner layer.
 */
async function* checkContainers(
  { config, log }: DoctorOptions,
  { host, runtime, egressSocket }: ContainerHost,
  instance: Instance,
): AsyncGenerator<Finding> {
  let docker: Docker;
  let socket: string;
  try {
    socket = engineSocket(host);
    docker = dockerClient(socket);
  } catch (error) {
    yield fail("engine", messageOf(error), "Run Isolate on the engine's host");
    return;
  }
  const memory = config.cluster.max * config.memory;
  if (!(yield* checkEngine(docker, socket, { runtime, memory }))) return;
  yield* checkMounts(config, docker);
  let image: string;
  let openImage: string;
  try {
    image = await ensureRunnerImage(docker, await readRunner(), log);
    openImage = await ensureRunnerImage(docker, await readRunner("inherit"), log);
    yield ok("image", `Sandboxes run ${image}`);
  } catch (error) {
    yield faulty("image", missingImage(error));
    return;
  }
  const parts: ContainerParts = { docker, instance, image, runtime };
  const shared = await checkShared(parts);
  yield shared;
  // Sandboxes would not become ready, because the engine cannot see their socket.
  if (shared.level === "fail") return;
  yield* trySandboxes(parts, openImage);
  if (egressSocket === undefined) yield* await checkNames();
  yield await checkProxy(parts, config.egress, egressSocket);
}

async function* trySandboxes(parts: ContainerParts, openImage: string): AsyncGenerator<Finding> {
  const real = launcherOf(parts);
  const { asNobody, asRoot } = openLaunchers({ ...parts, image: openImage });
  const launch = (launcher: ContainerLauncher): Launch => launcher.launch.bind(launcher);
  try {
    const sandbox = await checkSandbox("container", launch(real));
    yield sandbox;
    if (sandbox.level !== "ok") return;
    yield await checkWorker("escape worker", launch(real));
    const open = { asNobody: launch(asNobody), asRoot: launch(asRoot) };
    yield* checkContainer(open, parts.runtime);
  } finally {
    await Promise.all([real, asNobody, asRoot].map((launcher) => launcher.close()));
  }
}
