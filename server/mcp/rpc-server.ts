import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { functionName } from "../../src/contract/functions.ts";
import type { LogEntry, Observer } from "../../src/request/types.ts";
import type { RpcError } from "../errors/mcp-problem.ts";
import type { Caller } from "../tenants/auth.ts";
import { assertScope, mayCall } from "../tenants/key-scopes.ts";
import type { Cancels } from "./cancels.ts";
import { refusedResult } from "./results.ts";
import { sizeOf, type Tool, type ToolCall, type ToolDefinition, type ToolResult } from "./tool.ts";

const INSTRUCTIONS =
  "Runs TypeScript and JavaScript in sandboxes. Use execute for code that runs once, and deploy for code that is called again.";
/** Statuses of refusals that other arguments mend, which a model sees. */
const MENDABLE = new Set([400, 403, 404, 409, 413, 422]);
/** Listings of one tenant that may wait for each other. */
const listings = new PerTenantQueue(64);

/** Validator of schemas that clients ask for, which no tool here does. */
const NO_VALIDATION = {
  getValidator: () => () => ({
    valid: false as const,
    data: undefined,
    errorMessage: "No schema is compiled here",
  }),
};

export interface Tools {
  readonly builtIn: readonly Tool[];
  list(
    caller: Caller,
    after: string | undefined,
  ): Promise<{ readonly tools: readonly ToolDefinition[]; readonly next?: string }>;
  find(caller: Caller, name: string): Promise<Tool | undefined>;
}

export interface RpcServerOptions extends Pick<ToolCall, "caller" | "requestId" | "hold"> {
  /** Version of the server, which clients are told. */
  readonly version: string;
  readonly tools: Tools;
  readonly session: string | undefined;
  readonly cancels: Cancels;
  /** Aborted when the client hangs up. */
  readonly hangUp: AbortSignal;
  /** Tells whether the answer has room for a notification. */
  readonly hasRoom: () => boolean;
  /** Makes room for a result. Throws if there is none. */
  readonly reserve: (bytes: number) => void;
  /** Turns a thrown value into an error, and tells the status of its kind. */
  readonly errorOf: (thrown: unknown) => Promise<{ status: number; error: RpcError }>;
}

/** Makes the server of one request's messages. */
export function rpcServer(options: RpcServerOptions): Server {
  const { caller, requestId, hold, tools, session, cancels, hangUp, hasRoom } = options;
  const capabilities = { tools: {}, logging: {} };
  const server = new Server(
    { name: "isolate", version: options.version },
    { capabilities, instructions: INSTRUCTIONS, jsonSchemaValidator: NO_VALIDATION },
  );
  const guarded = async <T>(work: () => Promise<T>, refused?: Refused<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof RpcFailure) throw thrown;
      const { status, error } = await options.errorOf(thrown);
      if (refused && MENDABLE.has(status)) return refused(error);
      throw new RpcFailure(error);
    }
  };
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) =>
    guarded(async () => {
      const after = cursorOf(params?.cursor);
      const first = after === undefined ? tools.builtIn : [];
      const own = first.filter(({ needs }) => mayCall(caller, needs));
      const list = () => tools.list(caller, after);
      const { tools: deployed, next } = await listings.take(caller.tenant.id, list);
      const others = deployed.filter(({ name }) => !isBuiltIn(tools, name));
      const listed = [...own.map(({ definition }) => definition), ...others] as {
        name: string;
        inputSchema: { type: "object" };
      }[];
      options.reserve(JSON.stringify(listed).length);
      return { tools: listed, ...(next && { nextCursor: next }) };
    }),
  );
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const { name, arguments: given = {}, _meta } = params;
    const { signal: cancelled, end } = cancels.begin(caller, session, extra.requestId);
    const signal = AbortSignal.any([hangUp, cancelled, extra.signal]);
    let steps = 0;
    const notify = (notification: Parameters<typeof extra.sendNotification>[0]): void => {
      if (hasRoom()) extra.sendNotification(notification).catch(() => {});
    };
    const observer: Observer = {
      onLog: (entry) => notify({ method: "notifications/message", params: logged(name, entry) }),
      onPackages: (stage) => {
        const progressToken = _meta?.progressToken;
        if (progressToken === undefined) return;
        steps += 1;
        const params = { progressToken, progress: steps, message: `Packages: ${stage}` };
        notify({ method: "notifications/progress", params });
      },
    };
    const work = async (): Promise<ToolResult> => {
      const tool =
        tools.builtIn.find(({ definition }) => definition.name === name) ??
        (await tools.find(caller, name));
      if (tool === undefined) throw unknownTool(name);
      assertScope(caller, tool.needs, name);
      const result = await tool.call(given, { caller, requestId, signal, observer, hold });
      options.reserve(sizeOf(result.content));
      return result;
    };
    const refused = ({ message, data }: RpcError): ToolResult => refusedResult(message, data);
    const result = await guarded(work, refused).finally(end);
    return { ...result };
  });
  return server;
}

type Refused<T> = (error: RpcError) => T;

/** An error for the client, which the SDK writes as it is. */
class RpcFailure extends Error {
  readonly code: number;
  readonly data: RpcError["data"] | undefined;

  constructor({ code, message, data }: Omit<RpcError, "data"> & Partial<RpcError>) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

function cursorOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined || functionName.safeParse(cursor).success) return cursor;
  throw new RpcFailure({ code: ErrorCode.InvalidParams, message: "No cursor of this server" });
}

function isBuiltIn({ builtIn }: Tools, name: string): boolean {
  return builtIn.some(({ definition }) => definition.name === name);
}

function unknownTool(name: string): RpcFailure {
  const message = `There is no tool "${name.slice(0, 100)}"; tools/list lists those there are`;
  return new RpcFailure({ code: ErrorCode.InvalidParams, message });
}

const LEVELS = { log: "info", info: "info", warn: "warning", error: "error" } as const;

function logged(logger: string, entry: LogEntry) {
  const level = entry.level === "exception" ? "error" : LEVELS[entry.level];
  return { level, logger, data: entry };
}
