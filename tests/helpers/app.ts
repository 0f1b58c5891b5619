import { buildApp } from "../../server/app.ts";
import type { Answered } from "../../server/log/answered.ts";
import { config, type PartialConfig } from "../../src/config/config.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { Tool } from "../../src/tools/tool.ts";
import { RecordingEngine } from "../fakes/recording-engine.ts";
import { storelessServices } from "./services.ts";

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Makes the HTTP application over engines that only record their jobs. */
export function recordingApp(
  partial: PartialConfig = {},
  tools: readonly Tool[] = [],
  onAnswer?: (answered: Answered) => void,
) {
  const engine = new RecordingEngine("container");
  const engines = [engine, new RecordingEngine("isolated")];
  const custom = tools.map((tool) => ({ tool, source: `/${tool.name}.ts`, module: "text" }));
  const kernel = new Kernel({ config: config(partial), engines, tools: custom });
  const app = buildApp({
    services: storelessServices(kernel),
    maxBody: 8_388_608,
    onError: () => {},
    onAnswer,
  });
  const post = async (path: "/execute" | "/plan", request: object): Promise<Answer> => {
    const body = JSON.stringify({ code: "export default () => 1", ...request });
    const headers = { "content-type": "application/json" };
    const response = await app.request(path, { method: "POST", body, headers });
    return { status: response.status, body: (await response.json()) as Answer["body"] };
  };
  return { app, engine, post };
}
