import { AdminClient } from "./admin-client.ts";
import type { EgressSettings } from "./egress.ts";
import { EgressLink } from "./link.ts";

export interface EgressServiceOptions {
  /** Path of its admin socket. */
  readonly socket: string;
  readonly settings: EgressSettings;
  /** Receives lines for the operator, one at a time. */
  readonly log: (line: string) => void;
}

/**
 * Returns a link to a proxy that the operator runs and restarts. The link sends it the settings.
 */
export function egressService({ socket, settings, log }: EgressServiceOptions): EgressLink {
  return new EgressLink({
    log,
    async connect() {
      const admin = await AdminClient.connect(socket).catch((cause: unknown) => {
        throw new Error("nobody listens on its socket (ISOLATE_EGRESS_SOCKET)", { cause });
      });
      try {
        await admin.configure(settings);
        return admin;
      } catch (error) {
        admin.close();
        throw error;
      }
    },
  });
}
