import { type IsolateError, RegistryFailed } from "../../base/errors.ts";
import { nativeRefusal, refused } from "../refused.ts";
import type { ClaimedFault } from "./claims.ts";

const NO_REGISTRY =
  "is in no registry: versions, ranges and tags are, and aliases such as npm:zod@^4";
const MAX_VERSIONS = 8;
/** Text that is a tag, and no version or range of versions. */
const TAG = /^[a-z][\w.-]*$/i;

/** Puts a failure of npm's library into words. Text of the registry in it is quoted. */
export function faultError(fault: ClaimedFault, minimumAge: number): IsolateError {
  const { code, package: name, wanted = "", requiredBy } = fault;
  const by = requiredBy === undefined ? "" : `, which ${JSON.stringify(requiredBy)} needs,`;
  const subject = `${JSON.stringify(name)}${by}`;
  switch (code) {
    case "E404":
      return refused(`The registry has no package ${subject.replace(/,$/, "")}`);
    case "EMALFORMED":
      return new RegistryFailed(`The registry answers with no JSON of a package for ${subject}`);
    case "ETARGET":
    case "ENOVERSIONS":
      return refused(noVersion(fault, subject, minimumAge));
    case "EBADPLATFORM":
      return nativeRefusal(subject, name);
    case "ERESOLVE":
      return refused(conflict(fault));
    case "ESPEC":
      return refused(`${subject} has no valid version: ${JSON.stringify(wanted)}`);
    case "EJSR":
      return refused(
        `${subject} has no name of JSR: ${JSON.stringify(wanted)}, for example jsr:@std/yaml@^1`,
      );
    case "ENOREGISTRY":
    case "EUNSUPPORTEDPROTOCOL":
    case "EALLOWGIT":
    case "EALLOWREMOTE":
    case "EALLOWFILE":
    case "EALLOWDIRECTORY":
      return refused(
        `${requiredBy === undefined ? asked(subject, wanted) : subject} ${NO_REGISTRY}`,
      );
    case "EUNKNOWN":
      return new RegistryFailed(`Answers of the registry cannot be used: ${fault.detail ?? ""}`);
    default:
      return refused(
        `${name === "" ? "They" : subject} cannot be resolved: ${fault.detail ?? code}`,
      );
  }
}

function noVersion(fault: ClaimedFault, subject: string, minimumAge: number): string {
  const { wanted = "", versions = [], tags = {} } = fault;
  const quoted = JSON.stringify(wanted);
  if (minimumAge > 0) {
    const days = `${minimumAge} ${minimumAge === 1 ? "day" : "days"}`;
    return `${subject} has no version ${quoted} that is at least ${days} old, as the policy wants`;
  }
  const latest = tags.latest === undefined ? "" : `; the latest is ${tags.latest}`;
  if (TAG.test(wanted) && !/^[vx][\d.]*$/i.test(wanted)) {
    return `${subject} has no tag ${quoted}${latest}${listed("its tags are", Object.keys(tags))}`;
  }
  return `${subject} has no version ${quoted}${latest}${listed("there are", versions)}`;
}

function listed(words: string, all: readonly string[]): string {
  return all.length === 0 ? "" : `; ${words} ${all.slice(0, MAX_VERSIONS).join(", ")}`;
}

function asked(subject: string, wanted: string): string {
  return wanted === "" ? subject : `${subject} as ${JSON.stringify(wanted.slice(0, 100))}`;
}

function conflict({ package: name, detail }: ClaimedFault): string {
  const of = name === "" ? "them" : JSON.stringify(name);
  const reasons = detail ? `: ${detail}` : "";
  return `Peer dependencies exclude each other, and so ${of} cannot be had${reasons}`;
}
