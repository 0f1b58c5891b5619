import { z } from "zod";
import { messageOf } from "../../../src/base/errors.ts";
import { PerTenantQueue } from "../../../src/base/per-tenant-queue.ts";
import { createRXA } from "../../../src/resourcex/archive/archive.ts";
import type { RXA } from "../../../src/resourcex/archive/package.ts";
import { checkArchive } from "../../../src/resourcex/archive/tar.ts";
import { createRXM, type RXM } from "../../../src/resourcex/data/manifest.ts";
import { storableOf } from "../../../src/resourcex/data/storable.ts";
import { RegistryProblem } from "../../errors/registry-problem.ts";
import { bodyOf } from "../../http/body/source.ts";
import type { Route } from "../../http/route.ts";
import type { FormPart } from "../../resources/form-parser.ts";
import type { WithForm } from "../../resources/multipart.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { registryRoute } from "./registry-route.ts";
import { locatorAnswer } from "./schemas.ts";

const MAX_MANIFEST = 65_536;
/** Archives of one tenant that may wait to be unpacked. */
const turns = new PerTenantQueue(16);

const published = z.object({
  manifest: z.string().meta({ description: "JSON" }),
  archive: z.string().meta({ format: "binary", description: "A tar.gz" }),
});

/** `POST /publish`: a form with `manifest` (JSON) and `archive` (tar.gz); 201 with the locator. */
export function publishRoute(resourceService: ResourceService, withForm: WithForm): Route {
  return registryRoute({
    method: "POST",
    path: "/publish",
    summary: "Publish a version of a resource, once",
    reads: { type: "multipart/form-data", schema: published },
    responses: { 201: { description: "It is there", schema: locatorAnswer } },
    handler: ({ c, caller }) =>
      withForm(
        bodyOf(c),
        async (form) => {
          const manifest = manifestOf(form.get("manifest"));
          storableOf(manifest);
          const archive = await archiveOf(form.get("archive"), caller.tenant.id);
          const locator = await resourceService.resources.publish(caller, manifest, archive);
          return c.json({ locator }, 201);
        },
        caller,
      ),
  });
}

function manifestOf(part: FormPart | undefined): RXM {
  if (part === undefined) throw new RegistryProblem("MANIFEST_REQUIRED", "manifest is required");
  const text = typeof part === "string" ? part : Buffer.from(part).toString();
  // Checked before parsing: megabytes of brackets would block the server for seconds.
  if (text.length > MAX_MANIFEST) {
    throw new RegistryProblem(
      "INVALID_MANIFEST",
      `manifest has more than ${MAX_MANIFEST} characters`,
    );
  }
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (error) {
    throw new RegistryProblem("INVALID_MANIFEST", `manifest is not JSON: ${messageOf(error)}`);
  }
  try {
    return createRXM(fields as RXM);
  } catch (error) {
    const message = messageOf(error);
    const isMissing = message.endsWith(" is required");
    throw new RegistryProblem(isMissing ? "MISSING_REQUIRED_FIELDS" : "INVALID_MANIFEST", message);
  }
}

/**
 * Reads the archive of a form.
 *
 * @throws {ContentError} If it cannot be extracted.
 */
async function archiveOf(part: FormPart | undefined, tenant: string): Promise<RXA> {
  if (part === undefined) throw new RegistryProblem("ARCHIVE_REQUIRED", "archive is required");
  if (typeof part === "string") {
    throw new RegistryProblem("INVALID_ARCHIVE", "archive is a text, not a file");
  }
  const buffer = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  await turns.take(tenant, () => checkArchive(buffer, tenant));
  return createRXA({ buffer });
}
