import { setTimeout as sleep } from "node:timers/promises";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { type Project, readProject } from "../code/project-files.ts";
import { tellFailure } from "../command/tell-failure.ts";
import { note, print, printJsonLine } from "../terminal/print.ts";
import { type FolderFunction, functionsIn } from "./folder-functions.ts";
import { type Follower, followLogs } from "./follow-logs.ts";

/**
 * Milliseconds between two looks. Sources are read again, because a watcher of folders misses files that are
 * imported from elsewhere.
 */
const LOOK_EVERY = 300;

export interface Served extends Follower {
  readonly folder: string;
  readonly url: string;
  readonly request: Omit<ExecuteRequest, "code">;
  /** True if all of them answer HTTP requests. */
  readonly isHttp: boolean;
}

/** State of what is served, by names of functions. */
interface State {
  /** Sources as they were deployed, or refused. */
  readonly seen: Map<string, string>;
  readonly faults: Map<string, string>;
  readonly followed: Set<string>;
}

/** Deploys the functions of a folder, and again what changes, until the command is ended. */
export async function serveFolder(served: Served): Promise<never> {
  const { folder, context } = served;
  const state: State = { seen: new Map(), faults: new Map(), followed: new Set() };
  for (let looks = 0; ; looks += 1) {
    const functions = await functionsIn(folder);
    if (looks === 0 && functions.length === 0) note(`${folder} has no functions yet`);
    for (const each of functions) {
      context.signal.throwIfAborted();
      await look(each, served, state);
    }
    tellOfGone(functions, state);
    await sleep(LOOK_EVERY, undefined, { signal: context.signal });
  }
}

/** Deploys a function if its sources are new. What fails is told once, and tried again after a change. */
async function look(each: FolderFunction, served: Served, state: State): Promise<void> {
  const { name, path } = each;
  const { context, json } = served;
  let sources: string | undefined;
  try {
    const project = await readProject(path);
    sources = JSON.stringify(project);
    if (state.seen.get(name) === sources) return;
    await deploy(each, project, served);
    state.seen.set(name, sources);
    state.faults.delete(name);
    if (state.followed.has(name)) return;
    state.followed.add(name);
    void followLogs(name, served);
  } catch (error) {
    context.signal.throwIfAborted();
    // Where the server was not reached, the same sources are tried again.
    if (sources !== undefined && !(error instanceof TypeError)) state.seen.set(name, sources);
    const fault = String(error);
    if (state.faults.get(name) === fault) return;
    state.faults.set(name, fault);
    note(`${name} is not deployed:`);
    tellFailure(error, context, json);
  }
}

async function deploy(each: FolderFunction, project: Project, served: Served): Promise<void> {
  const { client, request, url, paint, json } = served;
  const { name } = each;
  const isHttp = each.isHttp || served.isHttp;
  const { files, main } = project;
  const kind = isHttp ? ({ kind: "http" } as const) : {};
  const version = await client.functions.deploy(name, { ...request, ...kind, files, main });
  const address = version.url ?? `/functions/${name}/invoke`;
  if (json) printJsonLine({ deployed: version, url: `${url}${address}` });
  else
    print(`${paint("green", "✓")} ${name} ${paint("dim", `v${version.version}`)} ${url}${address}`);
}

/** Tells of functions that are in the folder no more. The server keeps them. */
function tellOfGone(functions: readonly FolderFunction[], { seen }: State): void {
  const there = new Set(functions.map(({ name }) => name));
  for (const name of seen.keys()) {
    if (there.has(name)) continue;
    seen.delete(name);
    note(`${name} is gone here, and not from the server: isolate functions delete ${name}`);
  }
}
