import { UnsupportedMediaType } from "../../src/base/errors.ts";
import { ARCHIVE_LIMITS } from "../../src/resourcex/archive/archive-limits.ts";
import { bodyOwner } from "../http/body/bodies.ts";
import { eachCounted } from "../http/body/body.ts";
import { BodyBudget } from "../http/body/budget.ts";
import type { PaceLimits } from "../http/body/pace.ts";
import type { BodySource } from "../http/body/source.ts";
import type { Caller } from "../tenants/auth.ts";
import { type Form, FormParser } from "./form-parser.ts";

/** Most bytes of a form: an archive of the largest size, a manifest, and the form's own bytes. */
const MAX_FORM = ARCHIVE_LIMITS.bytes + 131_072;
const FORMS_AT_ONCE = 4;
const FORM_TYPE = /^multipart\/form-data\s*;/i;

/** Reads a request's body as a form and keeps it until `work` ends. */
export type WithForm = <T>(
  source: BodySource,
  work: (form: Form) => Promise<T>,
  caller: Caller,
) => Promise<T>;

export function forms(pace?: PaceLimits): WithForm {
  const budget = new BodyBudget(MAX_FORM * FORMS_AT_ONCE);
  return (source, work, caller) =>
    budget.share(async (share) => {
      const type = source.request.headers.get("content-type") ?? "";
      if (!FORM_TYPE.test(type)) {
        throw new UnsupportedMediaType("Send Content-Type: multipart/form-data");
      }
      const parser = new FormParser(type);
      const options = { maxBytes: MAX_FORM, share, pace };
      await eachCounted(source, options, (chunk) => parser.write(chunk));
      return work(await parser.end());
    }, bodyOwner(caller));
}
