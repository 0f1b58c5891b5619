import { expect, it } from "vitest";
import { recordingApp } from "../../../helpers/app.ts";

interface Operation {
  readonly operationId: string;
  readonly security: object[];
  readonly responses: Record<string, { content?: object }>;
}

const { app } = recordingApp();

it("the contract has every route, with what it takes and how it fails", async () => {
  const response = await app.request("/openapi.json");
  const document = (await response.json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };
  expect(document.openapi).toBe("3.1.0");
  expect(document.paths["/execute"]?.post).toMatchObject({
    security: [{ tenant: [] }],
    requestBody: {
      required: true,
      content: {
        "application/json": { schema: { $ref: "#/components/schemas/RunRequest" } },
      },
    },
  });
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(["/plan", "/healthz", "/readyz", "/openapi.json"]),
  );
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  for (const { responses } of operations) expect(responses.default?.content).toBeDefined();
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it("the contract requires of an answer what every answer has, and tells the defaults of a request", async () => {
  const response = await app.request("/openapi.json");
  const { components } = (await response.json()) as {
    components: { schemas: Record<string, { required: string[]; properties: object }> };
  };
  const { Answer, ExecuteRequest } = components.schemas;
  expect(Answer?.required.sort()).toEqual(["duration", "id", "ok", "outcome", "usage"]);
  expect(ExecuteRequest?.required).toEqual(["code"]);
  expect(ExecuteRequest?.properties).toMatchObject({
    entry: { default: "default", maxLength: 1_000 },
    tools: { default: [] },
    permissions: { default: {} },
    reuse: { default: "never", enum: ["never", "tenant", "code"] },
  });
});

it("every answer has a request id, and an error has the same one", async () => {
  for (const path of ["/healthz", "/nothing", "/execute"]) {
    const response = await app.request(path);
    const id = response.headers.get("x-request-id");
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const { error } = (await response.json()) as { error?: { requestId: string } };
    if (!response.ok) expect(error?.requestId).toBe(id);
  }
});

it("a method that a path does not know is answered with those it does", async () => {
  const response = await app.request("/execute", { method: "DELETE" });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
});
