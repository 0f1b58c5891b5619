import { existsSync } from "node:fs";
import { homedir } from "node:os";
import Docker from "dockerode";
import { deadline } from "../../base/deadline.ts";
import { EngineUnavailable } from "../../base/errors.ts";

/** Milliseconds an ordinary engine call may take; one whose answer is lost would hang for ever. */
export const CALL_WITHIN = 15_000;

/** Milliseconds of silence after which a request's connection is given up. */
const SILENCE_WITHIN = 120_000;

/**
 * The socket of the Docker Engine on this host: `DOCKER_HOST`, then the usual places.
 * Throws `EngineUnavailable` for an engine elsewhere, whose sandboxes could not be given a socket
 * of this host's.
 */
export function engineSocket(dockerHost: string | undefined): string {
  if (dockerHost?.startsWith("unix://")) return dockerHost.slice("unix://".length);
  if (dockerHost) {
    throw new EngineUnavailable(
      `DOCKER_HOST is ${dockerHost}, but sandboxes need an engine on this host (unix://…)`,
    );
  }
  const usual = [
    "/var/run/docker.sock",
    `${process.env.XDG_RUNTIME_DIR ?? ""}/docker.sock`,
    `${homedir()}/.docker/run/docker.sock`,
  ];
  return usual.find((path) => existsSync(path)) ?? "/var/run/docker.sock";
}

/** A client of the engine behind a socket. Use `call()` round each of its calls. */
export function dockerClient(socketPath: string): Docker {
  return new Docker({ socketPath, timeout: SILENCE_WITHIN });
}

/** Awaits an engine call, bounded in time. */
export function call<T>(what: string, work: Promise<T>, ms = CALL_WITHIN): Promise<T> {
  return deadline(work, ms, `The engine's ${what}`);
}

/** The HTTP status of an engine's refusal, or `undefined` if it did not answer at all. */
export function engineStatus(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : undefined;
}
