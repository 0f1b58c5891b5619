/**
 * The layers of the source, from the ground up: a folder may import what stands before it in its list, and the
 * library as far as is said below. `npm run check` writes that into biome.layers.json, by which Biome enforces it.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The library. Folders in one row do not import each other. */
const LIBRARY = [
  ["src/base"],
  ["src/protocol", "src/common", "src/dns", "src/deno"],
  ["src/confined-process", "src/destinations", "src/database"],
  ["src/database-tool", "src/permissions"],
  ["src/request"],
  ["src/config", "src/bundler"],
  ["src/contract"],
  ["src/tools", "src/egress-client", "src/channels"],
  ["src/engines/metering"],
  ["src/engines/contract", "src/engines/instance"],
  ["src/engines/pool"],
  ["src/engines/connection"],
  ["src/engines/explain"],
  ["src/engines/run"],
  ["src/engines/container", "src/engines/deno-process", "src/engines/in-process"],
  ["src/engines"],
  ["src/plugins"],
  ["src/kernel"],
  ["src/resourcex/base"],
  ["src/resourcex/archive"],
  ["src/resourcex/data"],
  ["src/resourcex/types"],
  ["src/resourcex", "src/client"],
  ["src"],
];

/** The control plane, over the whole library. */
const SERVER = [
  ["server/errors"],
  ["server/store/contract"],
  ["server/store/drizzle"],
  ["server/store/pglite"],
  ["server/store"],
  ["server/log", "server/tenants"],
  ["server/tenants/keys"],
  ["server/quotas"],
  ["server/metrics"],
  ["server/http"],
  ["server/runs"],
  ["server/jobs", "server/callbacks", "server/functions"],
  ["server/resources", "server/replies"],
  ["server/routes"],
  ["server"],
  ["server/cli"],
];

/** Programs that run elsewhere, and the few folders of the library that are bundled into each. */
const PROGRAMS = {
  egress: ["src/base", "src/protocol", "src/dns", "src/destinations", "src/database"],
  "runner-image": ["src/protocol", "src/common", "src/database-tool"],
};

/** Trees that the library and the programs know nothing of. */
const OUTSIDE = ["bench", "dev", "doctor", "scripts", "server", "tests"];

/** All folders that are a layer: the files of one are those that are in no other one. */
const FOLDERS = [...LIBRARY.flat(), ...SERVER.flat(), ...Object.keys(PROGRAMS), ...OUTSIDE];

/**
 * Returns overrides for Biome: for the files of each directory, patterns of the imports that lead up.
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
    ["doctor", ["bench", "dev", "scripts", "server", "tests", ...programs]],
    ["bench", ["tests"]],
  ];
}

/** Returns each folder of a list with those beside it, those behind it, and what is outside of the list. */
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

/** Imports are relative: the pattern depends on where the importing file is. */
function pattern(from, folder) {
  const path = posix.relative(from, folder) || ".";
  const isTree = OUTSIDE.includes(folder) && !from.startsWith(folder);
  return `${path.startsWith(".") ? path : `./${path}`}/${isTree || within(folder).length === 0 ? "**" : "*"}`;
}

/** Layers inside of a folder. */
function within(folder) {
  return FOLDERS.filter((name) => name.startsWith(`${folder}/`));
}

/** A layer's folder and those below it that belong to it. */
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
