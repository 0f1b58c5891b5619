import { randomUUID } from "node:crypto";
import { z } from "zod";
import { MCP_ERRORS } from "../errors/mcp-problem.ts";
import { HttpProblem } from "../errors/problem.ts";
import { isCrossSite } from "../http/cross-site.ts";
import { type Route, route } from "../http/route.ts";
import { Cancels } from "../mcp/cancels.ts";
import { mcpBody, messagesOf, withoutCancels } from "../mcp/messages.ts";
import type { ToolsParts } from "../mcp/tools/all-tools.ts";

export interface McpParts extends ToolsParts {
  /** Version of the server, which clients are told. */
  readonly version: string;
  /** Receives the server's own failures, with the request id that callers got. */
  readonly onError: (error: unknown, requestId: string) => void;
}

const session = z.string().max(256).optional();

/** `POST /mcp`: tools for models, by the Model Context Protocol. */
export function mcpRoutes({ version, onError, ...parts }: McpParts): Route[] {
  const cancels = new Cancels();
  // The SDK takes a tenth of a second to load. A server that nobody asks does without it.
  const load = async () => {
    const [{ serve }, { allTools }] = await Promise.all([
      import("../mcp/serve.ts"),
      import("../mcp/tools/all-tools.ts"),
    ]);
    return { serve, tools: allTools(parts) };
  };
  let loading: ReturnType<typeof load> | undefined;
  return [
    route({
      method: "POST",
      path: "/mcp",
      operationId: "callMcp",
      examples: {
        tools: {
          summary: "The list of tools",
          value: { jsonrpc: "2.0", id: 1, method: "tools/list" },
        },
      },
      scope: "tenant",
      // Each tool needs its own.
      needs: ["execute", "deploy", "read", "invokes"],
      summary: "Call tools by the Model Context Protocol",
      description: "Streamable HTTP. With Accept: text/event-stream, notifications come as events.",
      tags: ["MCP"],
      headers: z.object({
        "mcp-session-id": session.meta({ description: "As the answer to initialize names it" }),
        "mcp-protocol-version": z.string().max(100).optional(),
      }),
      errors: MCP_ERRORS,
      body: z.unknown(),
      contractBody: mcpBody,
      responses: {
        200: { description: "Answers of JSON-RPC", schema: z.looseObject({}) },
        202: { description: "There was nothing to answer" },
      },
      handler: async ({ body, headers, ...input }) => {
        const { caller, c } = input;
        if (isCrossSite(c.req.raw)) throw crossSite();
        const session = headers["mcp-session-id"];
        const whose = { caller, session };
        const messages = withoutCancels(messagesOf(body), cancels, whose);
        if (messages.length === 0) return c.body(null, 202);
        loading ??= load();
        const { serve, tools } = await loading;
        const response = await serve(messages, input, {
          ...{ version, tools, cancels, session, onError },
        });
        // A name by which a later message tells which client's request it cancels.
        const isNew = messages.some(({ method }) => method === "initialize");
        if (isNew) response.headers.set("Mcp-Session-Id", randomUUID());
        return response;
      },
    }),
  ];
}

function crossSite(): HttpProblem {
  const message = "Another site's page may not call this server";
  return new HttpProblem(403, "Forbidden", "CROSS_SITE", message);
}
