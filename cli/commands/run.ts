import { dirname, resolve } from "node:path";
import { FILE_FLAGS, filesOf, writeArtifacts } from "../code/files.ts";
import { readInput, readText } from "../code/read-input.ts";
import { importsOf } from "../code/relative-imports.ts";
import { REQUEST_FLAGS, requestOf } from "../code/request-flags.ts";
import { showStream } from "../code/run-stream.ts";
import { changesOf } from "../code/watch.ts";
import { defineCommand } from "../command/define.ts";
import { CommandError, UsageError } from "../command/errors.ts";
import { tellFailure } from "../command/tell-failure.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { paintFor } from "../terminal/paint.ts";
import { note } from "../terminal/print.ts";

/** `isolate run`: runs a file once, or again after each change. */
export const run = defineCommand({
  meta: {
    name: "run",
    description: "Runs a file: logs on standard error, the result on standard output as JSON",
    examples: [
      "isolate run sum.ts --input '[1, 2, 3]'",
      "isolate run fetch.ts --net api.example.com --timeout 10s",
      "isolate run report.ts --input @order.json --tool db --json",
      "cat sum.ts | isolate run - --input '[1, 2]'",
      "isolate run chart.ts --file data.csv --artifact '*.png' --out charts",
      "isolate run sum.ts --watch",
    ],
  },
  args: {
    module: {
      type: "positional",
      description: "Module to run; - for standard input",
      required: true,
    },
    input: {
      type: "string",
      description: "What the entry is called with",
      valueHint: "JSON|@file|-",
    },
    ...REQUEST_FLAGS,
    ...FILE_FLAGS,
    explain: { type: "boolean", description: "Also shows what it was granted" },
    watch: { type: "boolean", description: "Runs it again after each change of the file" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { module: file, input, explain, watch, json, out } = args;
    const { signal, env } = context;
    if (file === "-" && (watch || input === "-")) {
      throw new UsageError("Standard input is the code: name a file for --watch and --input -");
    }
    const request = { ...requestOf(args), ...(explain && { explain }) };
    const client = await clientFor(args, context);
    const given = await readInput(input);
    const paint = paintFor(process.stderr, env);
    const once = async (ending: AbortSignal): Promise<boolean> => {
      const code = await readModule(file);
      const files = await filesOf(args);
      const events = client.stream({ ...request, ...given, ...files, code }, { signal: ending });
      const answer = await showStream(events, { json, paint });
      if (files.artifacts) await writeArtifacts(answer, out);
      return answer.ok;
    };
    if (!watch) {
      if (!(await once(signal))) process.exitCode = 1;
      return;
    }
    for await (const changed of changesOf([resolve(file)], signal)) {
      note(paint("dim", `— ${new Date().toLocaleTimeString()} ${file}`));
      // A change ends what runs still. So the code is run as it is now.
      await once(AbortSignal.any([signal, changed])).catch((error: unknown) => {
        if (signal.aborted) throw error;
        if (!changed.aborted) tellFailure(error, context, json);
      });
    }
  },
});

/** Reads the one module that a request can hold. */
export async function readModule(file: string): Promise<string> {
  const code = await readText(file);
  const [first] = file === "-" ? [] : await importsOf(resolve(file), code);
  if (first === undefined) return code;
  throw new CommandError(
    `${file} imports ${first}, and a request holds one module. Deploy it: isolate deploy <name> ${file} takes its imports along, or all of ${dirname(file)}`,
  );
}
