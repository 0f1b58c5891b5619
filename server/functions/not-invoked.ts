import { HttpProblem } from "../errors/problem.ts";
import type { Callable } from "./version-cache.ts";

/** Makes the refusal to call an HTTP function with an input. */
export function notInvoked({ tenant, name }: Pick<Callable, "tenant" | "name">): HttpProblem {
  const message = `"${name}" answers requests: call it by HTTP, at ${pathOf(tenant, name)}/`;
  return new HttpProblem(409, "Conflict", "HTTP_FUNCTION", message);
}

/** Returns the path of an HTTP function. */
export function pathOf(tenant: string, name: string): string {
  return `/f/${tenant}/${name}`;
}
