/**
 * Prepares `npm start`, `npm test` and `npm run bench`. It installs the locked packages if they are
 * missing, and starts a Docker Engine. With `--postgres` it installs PostgreSQL's programs and curl. With
 * `--nodes` it installs the other Nodes that run the unit tests, and with `--packages` the packages
 * that test programs import, and generators of clients. With `--peers` it tries to install what the
 * bench compares with. With `--gvisor`, `--browser`, `--compose` and `--python` it tries to install that runtime, a browser,
 * docker-compose, Python's requests and mypy. With `--cluster` these are HAProxy and PgBouncer, with
 * `--proxies` other reverse proxies, with `--shells` zsh and fish.
 *
 * It uses only Node, and prints each step. A second run finds everything and takes well under a
 * second.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { takeEnvironment } from "../bin/environment.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Settings of Isolate. npm, apt-get and a started engine do not inherit them. */
const SETTINGS = takeEnvironment();
const ENGINE_LOG = "/var/log/isolate-dockerd.log";
const ENGINE_UP_WITHIN = 60_000;
const GVISOR_WITHIN = 60_000;
const PYTHON_WITHIN = 60_000;
const CLUSTER_WITHIN = 60_000;
const PROXIES_WITHIN = 60_000;
const SHELLS_WITHIN = 60_000;
const COMPOSE_WITHIN = 60_000;
const BROWSER_WITHIN = 90_000;
/** Begin of a command that installs packages. Another one of the system may be at work for a while. */
const INSTALL = [
  ...["install", "-qy", "--no-install-recommends"],
  ...["-o", "DPkg::Lock::Timeout=60"],
];
/** Environment in which an installation asks nothing. */
const UNASKED = { DEBIAN_FRONTEND: "noninteractive" };
const isRoot = process.getuid?.() === 0;

function say(line) {
  console.error(`[setup] ${line}`);
}

/** Runs a command with visible output. Its failure ends the set-up. */
function run(command, args, { env = {}, cwd = ROOT } = {}) {
  say(`${command} ${args.join(" ")}`);
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
  });
  if (status !== 0)
    throw new Error(`${command} failed: ${error?.message ?? `exit code ${status}`}`);
}

/**
 * Installs the packages. A matching hidden lockfile, which npm writes last, proves that it is done.
 */
function installPackages(folder = ROOT, ...flags) {
  const wanted = join(folder, "package-lock.json");
  const installed = join(folder, "node_modules/.package-lock.json");
  if (existsSync(installed) && sameVersions(wanted, installed)) return;
  run("npm", ["ci", "--no-audit", "--no-fund", ...flags], { cwd: folder });
}

function sameVersions(wanted, installed) {
  const present = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.entries(JSON.parse(readFileSync(wanted, "utf8")).packages).every(
    ([path, { version, optional }]) =>
      path === "" || (present[path] ? present[path].version === version : optional),
  );
}

/**
 * Installs the other Nodes in folders of their own. Among the project's packages, npm would run every script by one.
 */
function installNodes() {
  const nodes = join(ROOT, "tests/nodes");
  const [own] = process.versions.node.split(".");
  for (const line of readdirSync(nodes).filter((name) => /^\d+$/.test(name) && name !== own)) {
    installPackages(join(nodes, line));
    // Reports what npm does not: such a package is optional, as it is for one kind of machine.
    const program = join(nodes, line, `node_modules/node-linux-${process.arch}/bin/node`);
    if (!existsSync(program)) throw new Error(`Node ${line} could not be installed for the tests`);
  }
}

/** Installs other runners of code for the bench, without their scripts. It goes on without them. */
function installPeers() {
  try {
    installPackages(join(ROOT, "bench/peers"), "--ignore-scripts");
  } catch (error) {
    say(`The bench goes on without other runners of code: ${error.message}`);
  }
}

/** Resolves with `undefined` if an engine answers on the socket, and with the error's code if not. */
function silence(socketPath) {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: "/_ping", timeout: 3_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : "EPROTO");
    });
    ping.on("timeout", () => ping.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    ping.on("error", ({ code }) => resolve(code));
    ping.end();
  });
}

async function answers(socketPath) {
  return (await silence(socketPath)) === undefined;
}

function usualSockets() {
  return [
    "/var/run/docker.sock",
    join(process.env.XDG_RUNTIME_DIR ?? "/nonexistent", "docker.sock"),
    join(homedir(), ".docker/run/docker.sock"),
  ];
}

function has(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

async function ensureEngine() {
  if (SETTINGS.ISOLATE_ENGINE === "none") return;
  if (process.env.DOCKER_HOST) return; // The user chose this engine, and keeps it running.
  for (const socket of usualSockets()) {
    const code = await silence(socket);
    if (code === undefined) return;
    // An engine that this user may not use needs no installation and no start.
    if (code === "EACCES") return sayForbidden(socket);
  }
  if (process.platform !== "linux") {
    say("No Docker Engine answers: start Docker Desktop, or set ISOLATE_ENGINE=none");
    return;
  }
  if (!has("dockerd") && !installEngine()) return;
  await startEngine();
}

/** Says so in the words of src/engines/explain/host-faults.ts, which needs a build. */
function sayForbidden(socket) {
  say(
    `No Docker Engine answers at ${socket}: this user may not open it (EACCES). Be root or in the group "docker" ("usermod -aG docker USER", then log in again), or name another socket by DOCKER_HOST. Without one, ISOLATE_ENGINE=none serves level "isolated" alone`,
  );
}

/** Installs the distribution's engine. Returns whether there is one now. */
function installEngine() {
  if (!has("apt-get")) {
    say("No Docker Engine is installed: see https://docs.docker.com/engine/install/");
    return false;
  }
  if (!isRoot) {
    say("No Docker Engine is installed. Run: sudo apt-get install docker.io");
    say('Until then only requests with {"sandbox":"isolated"} can be served');
    return false;
  }
  say("No Docker Engine is installed: installing docker.io from the distribution");
  installFromDistribution("docker.io");
  return true;
}

function installFromDistribution(...packages) {
  const options = { env: UNASKED };
  finishInterrupted();
  run("apt-get", ["update", "-q"], options);
  run("apt-get", [...INSTALL, ...packages], options);
}

/**
 * Finishes an installation that was interrupted, because no other one begins before that. Nothing is to be done
 * usually, and a failure shows at the next step.
 */
function finishInterrupted() {
  const options = { stdio: ["ignore", 2, 2], env: { ...process.env, ...UNASKED } };
  if (spawnSync("dpkg", ["--configure", "-a"], options).status === 1)
    spawnSync("apt-get", [...INSTALL, "--fix-broken"], options);
}

/** Installs the programs of PostgreSQL, and others that tests call. The tests start servers of their own. */
function ensurePostgres() {
  const hasPostgres = has("postgres") || existsSync("/usr/lib/postgresql");
  const missing = [
    ...(hasPostgres ? [] : ["postgresql"]),
    ...["openssl", "curl"].filter((name) => !has(name)),
  ];
  if (missing.length === 0) return;
  if (has("apt-get") && isRoot) installFromDistribution(...missing);
  else say(`The tests need ${missing.join(", ")} (of PostgreSQL: initdb and postgres)`);
}

/**
 * Installs gVisor for the tests. They start an engine of their own for it, or skip and say so. The
 * existing engine is not changed.
 */
function installGVisor() {
  if (SETTINGS.ISOLATE_ENGINE === "none" || has("runsc")) return;
  tryToInstall("runsc", "the tests in gVisor are skipped", GVISOR_WITHIN);
}

/** Installs a browser for the test of the docs page. */
function installBrowser() {
  if (has("chromium") || has("chromium-browser") || has("google-chrome")) return;
  tryToInstall("chromium", "the test of the docs page is skipped", BROWSER_WITHIN);
}

/** Installs docker-compose for the test of compose.yaml. `docker compose` will do, too. */
function installCompose() {
  if (SETTINGS.ISOLATE_ENGINE === "none" || has("docker-compose")) return;
  if (spawnSync("docker", ["compose", "version"]).status === 0) return;
  tryToInstall("docker-compose", "the test of compose.yaml is skipped", COMPOSE_WITHIN);
}

/** Installs requests for the test of the published Python client, and a checker of types for our own one. */
function installPython() {
  const hasRequests = spawnSync("python3", ["-c", "import requests"]).status === 0;
  const missing = [...(hasRequests ? [] : ["python3-requests"]), ...(has("mypy") ? [] : ["mypy"])];
  if (missing.length === 0) return;
  tryToInstall(missing, "tests of the Python clients are skipped", PYTHON_WITHIN);
}

/** Installs HAProxy, and what makes networks, for the tests of several nodes. */
function installCluster() {
  if (SETTINGS.ISOLATE_ENGINE === "none") return;
  const missing = [
    ["haproxy", "/usr/sbin/haproxy"],
    ["iproute2", "ip"],
    ["iptables", "iptables"],
    ["pgbouncer", "/usr/sbin/pgbouncer"],
  ].filter(([, program]) => !has(program));
  if (missing.length === 0) return;
  const names = missing.map(([name]) => name);
  tryToInstall(names, "the tests of several nodes are skipped", CLUSTER_WITHIN);
}

/** Installs the reverse proxies whose files the docs show. Each is tested only where it is installed. */
function installProxies() {
  const missing = ["caddy", "haproxy", "nginx"].filter(
    (name) => !has(name) && !has(`/usr/sbin/${name}`),
  );
  if (missing.length === 0) return;
  tryToInstall(missing, "the tests of reverse proxies are skipped", PROXIES_WITHIN);
}

/** Installs the shells whose completion is tested. bash is there. */
function installShells() {
  const missing = ["zsh", "fish"].filter((name) => !has(name));
  if (missing.length === 0) return;
  tryToInstall(missing, "the tests of their completion are skipped", SHELLS_WITHIN);
}

/**
 * Installs packages for optional tests from the distribution, or does without them if their download takes longer than
 * some milliseconds. What has been downloaded is installed without a limit: dpkg installs nothing more after it was
 * ended in between.
 */
function tryToInstall(packages, consequence, within) {
  if (!isRoot || !has("apt-get")) return;
  const names = [packages].flat();
  say(`Installing ${names.join(", ")} from the distribution, for the tests`);
  const options = { stdio: ["ignore", 2, 2], env: { ...process.env, ...UNASKED } };
  const apt = (args, more) => spawnSync("apt-get", args, { ...options, ...more }).status === 0;
  const download = () => apt([...INSTALL, "--download-only", ...names], { timeout: within });
  finishInterrupted();
  const isThere = download() || (apt(["update", "-q"], { timeout: within }) && download());
  if (isThere && apt([...INSTALL, ...names])) return;
  say(`It could not be installed: ${consequence}`);
}

async function startEngine() {
  const systemd = existsSync("/run/systemd/system");
  if (!isRoot) {
    say(`No Docker Engine answers. Run: sudo ${systemd ? "systemctl start docker" : "dockerd &"}`);
    return;
  }
  // An installation may have started it already. Then this command does nothing.
  if (systemd) run("systemctl", ["start", "docker"]);
  else startDaemon();
  for (const end = Date.now() + ENGINE_UP_WITHIN; Date.now() < end; await sleep(100)) {
    if (await answers("/var/run/docker.sock")) return;
  }
  throw new Error(`dockerd did not answer within ${ENGINE_UP_WITHIN} ms; see ${ENGINE_LOG}`);
}

function startDaemon() {
  say(`Starting dockerd, its log is ${ENGINE_LOG}`);
  mkdirSync(dirname(ENGINE_LOG), { recursive: true });
  const out = openSync(ENGINE_LOG, "a");
  spawn("dockerd", [], { detached: true, stdio: ["ignore", out, out] }).unref();
}

try {
  installPackages();
  if (process.argv.includes("--nodes")) installNodes();
  // Without their scripts, as functions get them.
  if (process.argv.includes("--packages"))
    for (const folder of ["tests/packages", "tests/generators"])
      installPackages(join(ROOT, folder), "--ignore-scripts");
  if (process.argv.includes("--peers")) installPeers();
  await ensureEngine();
  if (process.argv.includes("--postgres")) ensurePostgres();
  if (process.argv.includes("--gvisor")) installGVisor();
  if (process.argv.includes("--browser")) installBrowser();
  if (process.argv.includes("--compose")) installCompose();
  if (process.argv.includes("--python")) installPython();
  if (process.argv.includes("--cluster")) installCluster();
  if (process.argv.includes("--proxies")) installProxies();
  if (process.argv.includes("--shells")) installShells();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
