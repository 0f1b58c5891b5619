import { type Finding, fail, ok, warn } from "./finding.ts";
import { compareVersions } from "./version.ts";

/** Also `engines` in package.json. */
const OLDEST = "20.19.0";
const ADVICE = "Update it to Node 24, which is what Isolate is made for";
/** First day without security fixes, by line of releases, as its makers have announced it. */
const UNFIXED_FROM: Readonly<Record<string, string>> = {
  20: "2026-05-01",
  21: "2024-06-02",
  22: "2027-05-01",
  23: "2025-06-02",
  24: "2028-05-01",
  25: "2026-06-02",
  26: "2029-05-01",
};

/** Checks that a version of Node can run the control plane, and still gets security fixes. */
export function checkNode(version: string, today = new Date()): Finding {
  if (compareVersions(version, OLDEST) < 0) {
    return fail("node", `Node ${version} is older than ${OLDEST}`, ADVICE);
  }
  const [line = ""] = version.split(".");
  const unfixed = UNFIXED_FROM[line];
  if (unfixed !== undefined && today >= new Date(unfixed)) {
    return warn("node", `Node ${line} gets no security fixes since ${unfixed}`, ADVICE);
  }
  return ok("node", `Node ${version}`);
}
