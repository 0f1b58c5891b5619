import { z } from "zod";
import { bodyOf } from "../../http/body/source.ts";
import type { Route } from "../../http/route.ts";
import { checkedDigest } from "../../resources/archive-checks.ts";
import { assertSameDigest } from "../../resources/locators.ts";
import type { WithForm } from "../../resources/multipart.ts";
import { publicationOf } from "../../resources/publication.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { registryRoute } from "./registry-route.ts";
import { locatorAnswer } from "./schemas.ts";

const published = z.object({
  manifest: z.string().meta({ description: "JSON" }),
  archive: z
    .string()
    .optional()
    .meta({ format: "binary", description: "A tar.gz, for a manifest with a version" }),
  locator: z
    .string()
    .optional()
    .meta({ description: "[registry/][path/]name[:tag][@digest], beside `content`" }),
  content: z
    .string()
    .optional()
    .meta({ format: "binary", description: "A tar.gz, for a manifest with a tag" }),
});

/**
 * `POST /publish`: a form with `manifest` (JSON) and `archive` (tar.gz), or with `locator`,
 * `manifest` and `content`; 201 with the locator.
 */
export function publishRoute({ resources }: ResourceService, withForm: WithForm): Route {
  return registryRoute({
    method: "POST",
    needs: "deploy",
    path: "/publish",
    summary: "Publish a version of a resource, once",
    operationId: "publishResource",
    reads: { type: "multipart/form-data", schema: published },
    responses: { 201: { description: "It is there", schema: locatorAnswer } },
    handler: ({ c, caller }) =>
      withForm(
        bodyOf(c),
        async (form) => {
          const { manifest, archive, locator, digests, isTagged } = publicationOf(form);
          const digest = await checkedDigest(() => archive, caller.tenant.id);
          for (const asked of digests) assertSameDigest(asked, digest);
          if (isTagged) await resources.assertFree(manifest);
          await resources.publish(caller, manifest, { bytes: archive, digest });
          return c.json({ locator }, 201);
        },
        caller,
      ),
  });
}
