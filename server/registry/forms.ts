import { BadRequest, UnsupportedMediaType } from "../../src/errors.ts";
import { ARCHIVE_LIMITS } from "../../src/resourcex/archive-limits.ts";
import type { Caller } from "../api/auth.ts";
import { ownerOf } from "../bodies.ts";
import { readBytes } from "../body.ts";
import { BodyBudget } from "../body-budget.ts";

/** An archive of the largest size, a manifest, and what a form puts around them. */
const MAX_FORM = ARCHIVE_LIMITS.bytes + 131_072;
const FORMS_AT_ONCE = 4;

/** Reads a request's body as a form and holds it for as long as `work` takes. */
export type WithForm = <T>(
  request: Request,
  work: (form: FormData) => Promise<T>,
  caller: Caller,
) => Promise<T>;

export function forms(): WithForm {
  const budget = new BodyBudget(MAX_FORM * FORMS_AT_ONCE);
  return (request, work, caller) => {
    const announced = Number(request.headers.get("content-length") ?? MAX_FORM);
    const read = async () => work(await readForm(request));
    return budget.hold(Math.min(announced, MAX_FORM), read, ownerOf(caller));
  };
}

async function readForm(request: Request): Promise<FormData> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new UnsupportedMediaType("Send Content-Type: multipart/form-data");
  }
  const bytes = await readBytes(request, MAX_FORM);
  try {
    return await new Response(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
      headers: { "content-type": type },
    }).formData();
  } catch {
    throw new BadRequest("", "The body is not a form");
  }
}
