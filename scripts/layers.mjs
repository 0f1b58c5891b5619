/**
 * Defines the layers of the source, from the bottom up. A folder may import folders before it in
 * its list, and a part of the library as listed below. `npm run check` writes the rules into
 * biome.layers.json for Biome.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Layers of the library. Folders in one row do not import each other. */
const LIBRARY = [
  ["src/base"],
  ["src/protocol", "src/common", "src/dns", "src/deno"],
  ["src/confined-process", "src/destinations", "src/database"],
  ["src/database-tool", "src/permissions"],
  ["src/request"],
  ["src/bundler"],
  ["src/config", "src/packages"],
  ["src/contract"],
  ["src/tools", "src/egress-client", "src/channels", "src/calls"],
  ["src/engines/metering"],
  ["src/engines/contract", "src/engines/instance"],
  ["src/engines/spawner"],
  ["src/engines/pool"],
  ["src/engines/connection"],
  ["src/engines/code-cache"],
  ["src/engines/explain"],
  ["src/engines/run"],
  ["src/engines/container", "src/engines/deno-process", "src/engines/in-process"],
  ["src/engines", "src/redaction"],
  ["src/plugins"],
  ["src/kernel"],
  ["src/resourcex/base"],
  ["src/resourcex/archive"],
  ["src/resourcex/data"],
  ["src/resourcex/types"],
  ["src/resourcex", "src/client"],
  ["src"],
  ["src/public"],
];

/** Layers of the control plane, above the whole library. */
const SERVER = [
  ["server/errors"],
  ["server/store/contract", "server/store/hosts"],
  ["server/store/drizzle", "server/store/notices"],
  ["server/store/pglite"],
  ["server/store"],
  ["server/log", "server/tenants", "server/plugins"],
  ["server/tenants/keys", "server/secrets"],
  ["server/quotas"],
  ["server/metrics"],
  ["server/http"],
  ["server/runs"],
  [
    "server/jobs",
    "server/callbacks",
    "server/functions",
    "server/packages",
    "server/cluster",
    "server/audit",
  ],
  ["server/calls"],
  ["server/resources", "server/replies", "server/schedules", "server/sessions"],
  ["server/mcp"],
  ["server/routes"],
  ["server"],
  ["server/cli"],
];

/** Programs that run elsewhere, and the folders of the library that each one bundles. */
const PROGRAMS = {
  console: ["src/base", "src/client", "src/permissions", "src/request"],
  egress: ["src/base", "src/protocol", "src/dns", "src/destinations", "src/database"],
  "runner-image": ["src/protocol", "src/common", "src/database-tool"],
};

/** Folders of the library that the command line uses. Of those above `src/base`, it uses types, and the client. */
const COMMAND_LINE = ["src/base", "src/permissions", "src/request", "src/client"];

/** Trees that the library and the programs must not import. */
const OUTSIDE = ["bench", "cli", "dev", "doctor", "scripts", "server", "tests"];

/** Folders that are a layer. Its files are those in no other layer. */
const FOLDERS = [...LIBRARY.flat(), ...SERVER.flat(), ...Object.keys(PROGRAMS), ...OUTSIDE];

/**
 * Makes overrides for Biome: for each directory, patterns of forbidden imports.
 *
 * @returns {object[]}
 */
export function overrides() {
  return forbidden().flatMap(([folder, others]) =>
    directoriesOf(folder).map((directory) => ({
      includes: [`${directory}/*`],
      linter: { rules: { style: { noRestrictedImports: rule(folder, directory, others) } } },
    })),
  );
}

/** Returns each folder with those that it may not import. */
function forbidden() {
  const programs = Object.keys(PROGRAMS);
  const library = LIBRARY.flat();
  const allBut = (names, known) => names.filter((name) => !known.includes(name));
  return [
    ...upwards(LIBRARY, [...OUTSIDE, ...programs]),
    ...upwards(SERVER, ["bench", "dev", "scripts", "tests", ...programs]),
    ...Object.entries(PROGRAMS).map(([folder, known]) => [
      folder,
      [...allBut(library, known), ...OUTSIDE, ...allBut(programs, [folder])],
    ]),
    ["cli", [...allBut(library, COMMAND_LINE), ...allBut(OUTSIDE, ["cli"]), ...programs]],
    ["doctor", ["bench", "cli", "dev", "scripts", "server", "tests", ...programs]],
    ["bench", ["tests"]],
  ];
}

/** Returns each folder of a list with its neighbours, the rows after it, and everything outside. */
function upwards(rows, outside) {
  return rows.flatMap((row, index) =>
    row.map((folder) => {
      const beside = row.filter((name) => name !== folder);
      return [folder, [...beside, ...rows.slice(index + 1).flat(), ...outside]];
    }),
  );
}

function rule(folder, directory, others) {
  const group = others.map((other) => pattern(directory, other));
  const message = `${folder}/ may not import this: see scripts/layers.mjs`;
  return { level: "error", options: { patterns: [{ group, message }] } };
}

/** Makes the pattern of an import. Imports are relative, so it depends on the importing folder. */
function pattern(from, folder) {
  const path = posix.relative(from, folder) || ".";
  const isTree = OUTSIDE.includes(folder) && !from.startsWith(folder);
  return `${path.startsWith(".") ? path : `./${path}`}/${isTree || within(folder).length === 0 ? "**" : "*"}`;
}

/** Lists the layers inside of a folder. */
function within(folder) {
  return FOLDERS.filter((name) => name.startsWith(`${folder}/`));
}

/** Lists a layer's folder and the folders below it that belong to it. */
function directoriesOf(folder) {
  const inner = within(folder);
  const below = readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}`)
    .filter((name) => !inner.some((layer) => layer === name || layer.startsWith(`${name}/`)));
  return [folder, ...below.flatMap(directoriesOf)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(ROOT, "biome.layers.json"), JSON.stringify({ overrides: overrides() }));
}
