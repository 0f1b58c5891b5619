import { messageOf } from "../../base/errors.ts";

/** Reason why this host cannot run a level, with advice for its operator. The doctor tells the same. */
export interface HostFault {
  readonly message: string;
  readonly advice: string;
}

export function silentEngine(socket: string, error: unknown): HostFault {
  return {
    message: `No Docker Engine answers at ${socket}: ${messageOf(error)}`,
    advice:
      'Start it ("systemctl start docker"), be root or in the group "docker", or name its socket by DOCKER_HOST. Without one, ISOLATE_ENGINE=none serves level "isolated" alone',
  };
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

export function missingSandbox(error: unknown): HostFault {
  return {
    message: `No sandbox starts: ${messageOf(error)}`,
    advice: "See the engine's log for the reason, and docs/operate/troubleshooting.md#the-engine",
  };
}
