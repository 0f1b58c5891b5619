import type { RecordChange } from "../http/mount.ts";
import { executionId } from "../runs/execution-id.ts";
import type { Audit } from "../store/contract/audit.ts";
import type { Caller } from "../tenants/auth.ts";

/** Most characters of an action's target. */
const MAX_TARGET = 500;

/**
 * Makes the function that writes administrative changes down. A failure is told and does not undo
 * the change.
 */
export function auditLog(
  audit: Pick<Audit, "record">,
  onError: (error: unknown, requestId: string) => void,
): RecordChange {
  return async ({ action, tenant, target, detail = {} }, { caller, requestId }) => {
    try {
      await audit.record({
        id: executionId(),
        actor: actorOf(caller),
        action,
        tenant: tenant ?? caller?.tenant.id ?? null,
        target: target.slice(0, MAX_TARGET),
        detail,
        requestId,
      });
    } catch (cause) {
      const message = `${action} of "${target.slice(0, MAX_TARGET)}" is not in the log of changes`;
      onError(new Error(message, { cause }), requestId);
    }
  };
}

function actorOf(caller: Caller | undefined): string {
  if (caller === undefined) return "admin";
  return caller.key === undefined ? "anyone" : `key ${caller.key.id}`;
}
