import { takeEnvironment } from "../../bin/environment.js";
import { defineCommand } from "../../cli/command/define.ts";
import { examine } from "../../doctor/doctor.ts";
import { type Finding, fail, faulty } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";
import { databaseFault } from "../database-fault.ts";
import { readSettings } from "../settings.ts";
import { checkCluster } from "./cluster-check.ts";
import { checkPlugins } from "./plugin-check.ts";
import { checkRegistries } from "./registry-check.ts";
import { checkStore } from "./store-check.ts";

/** Milliseconds for which something may keep the process alive at its end. */
const LEFT_OPEN = 5_000;

/** `isolate doctor`: exits with 1 if this host cannot serve safely. */
export const doctor = defineCommand({
  meta: {
    name: "doctor",
    description: "Looks at this host, tries to get out of sandboxes, and says what to do",
  },
  args: {
    cluster: {
      type: "boolean",
      description: "Also checks the store that servers share, and asks each of them",
    },
    json: { type: "boolean", description: "One JSON document on standard output" },
  },
  async run({ args: { json, cluster } }) {
    // A reader that stops early must not prevent the cleanup.
    process.stdout.on("error", () => {});
    const findings: Finding[] = [];
    for await (const finding of findingsOf(takeEnvironment(), cluster)) {
      findings.push(finding);
      if (!json) console.log(lines(finding));
    }
    const failed = findings.filter(({ level }) => level === "fail").length;
    const warned = findings.filter(({ level }) => level === "warn").length;
    if (json) console.log(JSON.stringify({ ok: failed === 0, findings }, undefined, 2));
    else console.log(`\n${findings.length} checks: ${failed} failed, ${warned} to look at`);
    if (failed > 0) process.exitCode = 1;
    // A plugin's module may keep something open.
    setTimeout(() => process.exit(), LEFT_OPEN).unref();
  },
});

/** Yields the doctor's findings for a host with these variables. */
async function* findingsOf(env: NodeJS.ProcessEnv, cluster: boolean): AsyncGenerator<Finding> {
  const log = (line: string): void => console.error(line);
  try {
    const settings = readSettings(env);
    yield await checkStore(settings.store, settings.reserve);
    if (cluster) yield* checkCluster(settings);
    const database = await databaseFault(settings.config);
    if (database !== undefined) yield faulty("database", database);
    yield* checkRegistries(settings.config);
    yield* checkPlugins(settings.plugins);
    yield* examine({ ...settings, log });
  } catch (error) {
    yield fail("settings", messageOf(error), "docs/operate/configuration.md has every setting");
  }
}

function lines({ level, check, message, advice }: Finding): string {
  const head = `${level.padEnd(5)} ${check}: ${message}`;
  return advice === undefined ? head : `${head}\n      → ${advice}`;
}
