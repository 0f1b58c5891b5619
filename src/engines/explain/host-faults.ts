import { DeadlineError } from "../../base/deadline.ts";
import { messageOf } from "../../base/errors.ts";

/** Reason why this host cannot run a level, with advice for its operator. The doctor tells the same. */
export interface HostFault {
  readonly message: string;
  readonly advice: string;
}

const WITHOUT_ENGINE = 'Without one, ISOLATE_ENGINE=none serves level "isolated" alone';
const START = `Start it ("systemctl start docker"), or name its socket by DOCKER_HOST. ${WITHOUT_ENGINE}`;

/**
 * Causes of silence by the error's code, with what to do about each. scripts/setup.mjs, which runs
 * before there is a build, has the same words.
 */
const SILENCE: Readonly<Record<string, HostFault>> = {
  ENOENT: { message: "there is no such socket (ENOENT)", advice: `Install it. ${START}` },
  ECONNREFUSED: { message: "nothing listens there (ECONNREFUSED)", advice: START },
  EACCES: {
    message: "this user may not open it (EACCES)",
    advice: `Be root or in the group "docker" ("usermod -aG docker USER", then log in again), or name another socket by DOCKER_HOST. ${WITHOUT_ENGINE}`,
  },
};

/** Describes an engine that cannot be reached, by the cause that its socket tells. */
export function silentEngine(socket: string, error: unknown): HostFault {
  const known = Object.hasOwn(SILENCE, codeOf(error)) ? SILENCE[codeOf(error)] : undefined;
  const cause = known ?? unusualSilence(error);
  return {
    message: `No Docker Engine answers at ${socket}: ${cause.message}`,
    advice: cause.advice,
  };
}

function unusualSilence(error: unknown): HostFault {
  const message = messageOf(error);
  if (codeOf(error).startsWith("HPE_") || "statusCode" in Object(error)) {
    return {
      message: `what listens there is none, or too old (${message})`,
      advice: `Name the engine's socket by DOCKER_HOST, or update it. ${WITHOUT_ENGINE}`,
    };
  }
  if (error instanceof DeadlineError) {
    return { message, advice: `See the engine's log, and restart it. ${WITHOUT_ENGINE}` };
  }
  return { message, advice: START };
}

function codeOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

/** Oldest version of the engine's API that was tested. */
const OLDEST_API = [1, 41];

/** Describes an engine of an untried version; `undefined` for others. */
export function oldEngine(version: string, api: string): HostFault | undefined {
  const [major = 0, minor = 0] = api.split(".").map(Number);
  const [oldMajor = 0, oldMinor = 0] = OLDEST_API;
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return undefined;
  return {
    message: `Docker Engine ${version} with API ${api} is older than any this was tried with (${OLDEST_API.join(".")})`,
    advice: "Update it",
  };
}

/** Describes an engine that runs no Linux containers; `undefined` for others. */
export function foreignEngine(system: string | undefined): HostFault | undefined {
  if (system === "linux") return undefined;
  return { message: `The engine runs ${system} containers`, advice: "Switch it to Linux" };
}

export function unfilteredCalls(error: unknown): HostFault {
  return {
    message: messageOf(error),
    advice: "Let the engine have no --seccomp-profile=unconfined, on a kernel with seccomp",
  };
}

export function missingRuntime(error: unknown): HostFault {
  return {
    message: messageOf(error),
    advice: "Tell the engine of it in daemon.json, or correct ISOLATE_RUNTIME",
  };
}

export function missingImage(error: unknown): HostFault {
  return {
    message: `The sandbox image cannot be made: ${messageOf(error)}`,
    advice: "See docs/operate/start.md#what-the-first-start-does for what it is made of",
  };
}

/** Words of an engine whose runtime cannot be started, or is unknown to it. */
const RUNTIME_FAULT =
  /(?:unknown or invalid runtime|unable to retrieve OCI runtime error|OCI runtime [\w ]+ failed)/;

const STARTS_FAIL =
  "See the engine's log for the reason, and docs/operate/troubleshooting.md#the-engine";

export function missingSandbox(error: unknown): HostFault {
  const message = `No sandbox starts: ${messageOf(error)}`;
  return brokenRuntime(error) ?? { message, advice: STARTS_FAIL };
}

/** Describes a runtime that the engine knows but cannot run; `undefined` for other failures. */
export function brokenRuntime(error: unknown): HostFault | undefined {
  const message = messageOf(error);
  if (!RUNTIME_FAULT.test(message)) return undefined;
  return {
    message: `No sandbox starts: the engine's runtime fails: ${message}`,
    advice: `See that its path in daemon.json is right, or correct ISOLATE_RUNTIME. ${STARTS_FAIL}`,
  };
}
