import type { RouteInput } from "../../http/route.ts";
import type { PublishedResource } from "../../resources/published-resources.ts";

type Asked = RouteInput<unknown, unknown, unknown, unknown, "tenant">;

/** Answers with a resource's archive. `HEAD` has its size, without reading it. */
export async function archiveAnswer(
  { archiveBytes, read }: PublishedResource,
  { caller, reserve, c }: Pick<Asked, "caller" | "reserve" | "c">,
): Promise<Response> {
  const type = { "Content-Type": "application/gzip" };
  if (c.req.method === "HEAD") {
    return c.body(null, 200, { ...type, "Content-Length": String(archiveBytes) });
  }
  return c.body(await read(caller.tenant.id, reserve), 200, type);
}
