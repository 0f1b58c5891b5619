import { HttpProblem } from "../errors/problem.ts";

/** Suspension of a tenant, with the operator's reason for its eyes. */
export interface Suspension {
  readonly reason: string | null;
}

/** The tenant is suspended. Everything of it is refused until it is resumed. */
export class TenantSuspended extends HttpProblem {
  /** Takes the suspension. Without its reason, the message is for callers that are not the tenant. */
  constructor({ reason }: Suspension = { reason: null }) {
    const why = reason === null ? "" : `: ${reason}`;
    super(403, "Forbidden", "TENANT_SUSPENDED", `This tenant is suspended by the operator${why}`);
  }
}
