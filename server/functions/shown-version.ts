import type { Deployed } from "./catalogue.ts";
import { corsOf, describedAs, executionOf, seesRoot } from "./kept-request.ts";
import { pathOf } from "./not-invoked.ts";
import type { ListedVersion } from "./version-cache.ts";

/** Makes the answer for a version that was deployed just now. */
export function deployed({ version, warnings }: Deployed) {
  return { ...outline(version), ...(warnings.length > 0 && { warnings }) };
}

/** Makes the answer for a version, without its files. */
export function outline(version: ListedVersion) {
  const { tenant, name, version: number, kind, main, public: isPublic, createdAt } = version;
  const packages = version.lockHash === null ? {} : { lockHash: version.lockHash };
  const request = executionOf(version);
  const url = `${pathOf(tenant, name)}/`;
  const cors = corsOf(version);
  const http =
    kind === "http" ? { stripPrefix: seesRoot(version), ...(cors && { cors }), url } : {};
  return {
    name,
    version: number,
    kind,
    main,
    public: isPublic,
    request,
    ...describedAs(version),
    ...http,
    ...packages,
    createdAt,
  };
}
