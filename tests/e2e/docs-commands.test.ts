/** Tests every command in the docs: it is run, and its answer must be the one shown. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { differences, documentsOf, isText } from "../helpers/answers.ts";
import { commandsOf, type DocsCommand, sandboxCodeOf } from "../helpers/docs-commands.ts";
import { DocsServers, runScript } from "../helpers/docs-servers.ts";
import { DocsProject, programsOf } from "../helpers/docs-typescript.ts";
import { docsPages, pageAt } from "../helpers/pages.ts";
import { SOAK } from "../helpers/soak.ts";

const pages = [pageAt("README.md"), ...docsPages()].map((page) => ({
  path: page.path,
  commands: commandsOf(page).filter(({ notRun }) => notRun === undefined),
  code: sandboxCodeOf(page),
  programs: programsOf(page).filter(({ text }) => text.includes('"isolate/client"')),
}));

/** Address of a job or of executions in a command. They change for a while after an answer. */
const CHANGING = /http:\/\/localhost:8787\/(?:jobs\/\$ID|executions\?[^"\s]*)/;
/** Milliseconds between two looks. */
const LOOK_EVERY = 50;

let servers: DocsServers;
beforeAll(async () => {
  servers = await DocsServers.start();
}, 240_000);
afterAll(async () => {
  expect(await servers.stop()).toEqual([]);
}, 120_000);

/** Sandbox of an execution by a server as it is by default, and by those here, which keep sandboxes. */
const FRESH = '"fresh":"container"';
const KEPT = SOAK ? FRESH : '"fresh":"worker"';
const isFresh = (shown: string): boolean => /"fresh": ?"container"/.test(shown);

/** Lists the differences between an answer and the one shown. */
function faults({ shown }: DocsCommand, stdout: string): string[] {
  if (shown === undefined) return [];
  if (shown.info === "text") return isText(shown.text, stdout) ? [] : [stdout];
  const expected = documentsOf(shown.text);
  const actual = documentsOf(isFresh(shown.text) ? stdout.replace(KEPT, FRESH) : stdout);
  if (actual.length !== expected.length) return [`${actual.length} documents: ${stdout}`];
  return expected.flatMap((document, index) => differences(document, actual[index]));
}

/** Finds the last id in an output. Later commands of the page use it as `$ID`. */
function idIn(stdout: string): string | undefined {
  return [...stdout.matchAll(/"id":"([^"]+)"/g)].at(-1)?.[1];
}

/**
 * Waits until a block that is a single command finds what it reads: a warm sandbox, a job that has ended, or a recorded
 * execution.
 */
async function settled(
  { script, keyed }: DocsCommand,
  id: string,
  key: string | undefined,
): Promise<void> {
  // An earlier page may have taken the sandbox that was warm.
  if (script.includes("/readyz")) await servers.open.ready();
  const [address] = CHANGING.exec(script) ?? [];
  if (address === undefined || script.split("curl ").length > 2) return;
  const url = servers.addressed(address, keyed).replace("$ID", id);
  const headers: HeadersInit = keyed ? { authorization: `Bearer ${key}` } : {};
  await until(async () => {
    const { status, executions } = (await (await fetch(url, { headers })).json()) as Changing;
    return executions === undefined ? !/queued|running/.test(`${status}`) : executions.length > 0;
  }, LOOK_EVERY);
}

interface Changing {
  readonly status?: string;
  readonly executions?: readonly unknown[];
}

describe.each(pages.filter(({ commands }) => commands.length > 0))("$path", ({ commands }) => {
  let project: DocsProject;
  let id = "";
  /** Variables that earlier commands of the page have exported. */
  let exported: Record<string, string> = {};
  beforeAll(async () => {
    project = await DocsProject.create();
  });
  afterAll(() => project.remove());

  it.each(commands)("$at answers as it is shown", async (command) => {
    const { script, shown, keyed, received } = command;
    const env = { ...servers.variables(keyed), ...(keyed && exported) };
    await settled(command, id, env.ISOLATE_KEY);
    const ran = await runScript(servers.addressed(script, keyed), {
      cwd: project.directory,
      env: { ...env, ID: id, HOME: project.directory },
      expectsError: /^\{"error":/.test(shown?.text ?? ""),
    });
    const { stdout, stderr, code } = ran;
    expect(code, `${stderr}\n${stdout}`).toBe(0);
    expect(faults(command, stdout), stdout).toEqual([]);
    id = idIn(stdout) ?? id;
    if (keyed) exported = ran.exported;
    if (received !== undefined) expect(await faultsOfCallback(received, id)).toEqual([]);
  });
});

/** Lists the differences between what the receiver got of an execution and what is shown. */
async function faultsOfCallback(shown: string, id: string): Promise<string[]> {
  const callback = () => servers.receiver.received.find(({ body }) => body.includes(`"${id}"`));
  await until(() => callback() !== undefined);
  return differences(documentsOf(shown)[0], JSON.parse(callback()?.body ?? "null"));
}

describe.each(pages.filter(({ code }) => code.length > 0))("$path", ({ code: pieces }) => {
  it.each(pieces)("$at runs in a sandbox", async ({ code, request, result }) => {
    const output = await servers.open.execute({ code, timeout: 20_000, ...request });
    expect(output).toMatchObject({ ok: true, result: documentsOf(result)[0] });
  });
});

describe.each(pages.filter(({ programs }) => programs.length > 0))("$path", ({ programs }) => {
  it.each(programs)("$at prints what it says", async ({ text, printed }) => {
    const project = await DocsProject.create();
    await project.write("program.ts", servers.addressed(text));
    const stdout = await project.run("program.ts");
    await project.remove();
    expect(printed).not.toBe("");
    expect(isText(printed, stdout), stdout).toBe(true);
  });
});

it("the guide's check of a signature takes a callback, and no other body", async () => {
  const [program] = programsOf(pageAt("docs/guides/background-jobs.md"));
  const callback = servers.receiver.received.find(({ path }) => path === "/finished");
  const { secret } = (await (await fetch(`${servers.open.url}/tenant/callback-secret`)).json()) as {
    secret: string;
  };
  const project = await DocsProject.create();
  await project.write("signature.ts", program?.text ?? "");
  const given = JSON.stringify([secret, callback?.headers, callback?.body]);
  await project.write(
    "main.ts",
    `import { isSigned } from "./signature.ts";
     const [secret, headers, body] = ${given};
     const of = (text) => isSigned(secret, new Headers(headers), text);
     console.log(of(body), of(body + " "));`,
  );
  expect(await project.run("main.ts")).toBe("true false\n");
  await project.remove();
});
