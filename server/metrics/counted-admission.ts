import { QuotaExceeded } from "../errors/quota-error.ts";
import type { Admission } from "../quotas/admission.ts";
import type { Caller } from "../tenants/auth.ts";

/** Reports the refusals of an admission. A refused execution has no end and no record. */
export function countedAdmission(
  admission: Admission,
  onRefusal: (code: string, tenant: string) => void,
): Admission {
  const counted = async <T>(caller: Caller, admitted: Promise<T>): Promise<T> => {
    try {
      return await admitted;
    } catch (error) {
      if (error instanceof QuotaExceeded) onRefusal(error.code, caller.tenant.id);
      throw error;
    }
  };
  return {
    charge: (tenant, cpu) => admission.charge(tenant, cpu),
    admit: (caller, options) => counted(caller, admission.admit(caller, options)),
    hold: (caller, options) => counted(caller, admission.hold(caller, options)),
  };
}
