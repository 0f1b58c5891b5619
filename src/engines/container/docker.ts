import { existsSync } from "node:fs";
import { homedir } from "node:os";
import Docker from "dockerode";
import { deadline } from "../../base/deadline.ts";
import { EngineUnavailable } from "../../base/errors.ts";

/**
 * Milliseconds that an ordinary engine call may take. A call whose answer is lost would hang for
 * ever.
 */
export const CALL_WITHIN = 15_000;

/** Milliseconds of silence after which a request's connection is closed. */
const SILENCE_WITHIN = 120_000;

/**
 * Returns the socket of the Docker Engine on this host: `DOCKER_HOST`, then the usual places.
 *
 * @throws {EngineUnavailable} for an engine elsewhere, because its sandboxes could not mount this
 * host's sockets.
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

/** Creates a client for the engine behind a socket. Wrap each of its calls in `call()`. */
export function dockerClient(socketPath: string): Docker {
  return new Docker({ socketPath, timeout: SILENCE_WITHIN });
}

/**
 * Awaits an engine call, for `ms` milliseconds at most.
 *
 * @throws {DeadlineError} if it takes longer.
 */
export function call<T>(what: string, work: Promise<T>, ms = CALL_WITHIN): Promise<T> {
  return deadline(work, ms, `The engine's ${what}`);
}

/** Tells whether nobody answered a call: the engine has ended, or is about to. */
export function isUnanswered(error: unknown): boolean {
  const { syscall, code } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === "connect" || code === "ECONNRESET";
}

/** Returns the HTTP status of an engine's refusal, or `undefined` if it did not answer at all. */
export function engineStatus(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === "number" ? status : undefined;
}
