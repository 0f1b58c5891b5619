import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Admission } from "../quotas/admission.ts";

/** Reports the refusals of an admission. A refused execution has no end and no record. */
export function countedAdmission(
  admission: Admission,
  onRefusal: (code: string, tenant: string) => void,
): Admission {
  return {
    charge: (tenant, cpu) => admission.charge(tenant, cpu),
    async admit(caller, options) {
      try {
        return await admission.admit(caller, options);
      } catch (error) {
        if (error instanceof QuotaExceeded) onRefusal(error.code, caller.tenant.id);
        throw error;
      }
    },
  };
}
