/** Tests that no layer allows more than an independent oracle, whatever is requested. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LISTS, type Perms, type PermsObject } from "../../../../src/permissions/perms.ts";
import { type OperatorPolicy, type PlanInput, plan } from "../../../../src/permissions/plan.ts";
import { runs } from "../../../helpers/fuzz.ts";
import { operator } from "../../../helpers/plan.ts";

const names = ["org", "x.org", "a.x.org", "b.a.x.org", "ax.org", "localhost", "10.0.0.1"];
const ports = [22, 80, 443, 3128, 61_000];
/** Otherwise the last two names would never be granted. */
const egress = {
  hosts: {},
  private: ["localhost", "10.0.0.1"].flatMap((name) => ports.map((port) => `${name}:${port}`)),
};
const paths = ["/", "/data", "/data/a", "/data/deep/b", "/dat", "/same", "/tmp", "/tmp/a", "/etc"];
const variables = ["TOKEN", "_A1", "OTHER", "constructor"];
const some = (values: readonly string[]) => fc.subarray([...values]);

const entry = fc
  .tuple(
    fc.constantFrom("", "*.", "*.a."),
    fc.constantFrom(...names),
    fc.constantFrom("", ...ports),
  )
  .map(([star, name, port]) => `${star}${name}${port === "" ? "" : `:${port}`}`);
const net = fc.array(fc.oneof({ weight: 9, arbitrary: entry }, fc.constant("*")), { maxLength: 6 });
// Malformed ceilings are tested elsewhere.
const sound = (text: string) => !/^\*.*10\./.test(text);
const lists = { read: some(paths), write: some(paths), env: some(variables), sys: some(["uid"]) };
const perms = fc.record({ net, ...lists, hrtime: fc.boolean() }, { requiredKeys: [] });
const top = fc.record({ net: net.map((all) => all.filter(sound)), ...lists }, { requiredKeys: [] });
const policy: fc.Arbitrary<OperatorPolicy> = fc
  .record({ wildcards: fc.boolean(), isolatedNet: fc.boolean(), strict: fc.boolean() })
  .map((switches) => ({ ...operator, ...switches, egress }));
const input: fc.Arbitrary<
  PlanInput & { requested: PermsObject; ceiling?: PermsObject | undefined }
> = fc.record({
  level: fc.constantFrom("isolated", "container"),
  requested: perms,
  tools: fc.array(fc.record({ name: fc.constantFrom("a", "b"), permissions: perms }), {
    maxLength: 2,
  }),
  ceiling: fc.option(top, { nil: undefined }),
  operator: policy,
});

/** Reads a list of hosts: strictly, or as generously as Deno does. */
function reaches(net: readonly string[], host: string, port: number, generous: boolean): boolean {
  return net.some((text) => {
    const [name = "", written] = text.split(":");
    if (name === "*") return generous || port === 80 || port === 443;
    const rightPort = written ? Number(written) === port : port === 80 || port === 443;
    if (!rightPort) return false;
    if (!name.startsWith("*.")) return name === host;
    const rest = name.substring(2).split(".").reverse();
    const labels = host.split(".").reverse();
    const below = rest.every((label, index) => labels[index] === label);
    return below && (labels.length > rest.length || (generous && labels.length === rest.length));
  });
}

const holds = (list: readonly string[], path: string) =>
  list.some((dir) => dir === path || dir === "/" || path.indexOf(`${dir}/`) === 0);

describe("no layer is wider than asked for and allowed", () => {
  const asked = ({ requested, tools }: { requested: PermsObject; tools: PlanInput["tools"] }) =>
    [requested, ...tools.map(({ permissions }) => permissions as PermsObject)] as PermsObject[];

  it("for hosts and ports", () => {
    fc.assert(
      fc.property(input, (given) => {
        const { worker, egress } = plan(given);
        const wanted = asked(given).flatMap((each) => each.net ?? []);
        const { ceiling, level } = given;
        const isolated = level === "isolated";
        const limit = (host: string, port: number, generous: boolean) =>
          ceiling === undefined || reaches(ceiling.net ?? [], host, port, generous);
        for (const host of [...names, "z.localhost", "sub.b.a.x.org"]) {
          for (const port of [...ports, 8080]) {
            const through = reaches(worker.net, host, port, true);
            const out = reaches(egress?.allow ?? [], host, port, false);
            if (through) expect(reaches(wanted, host, port, true)).toBe(true);
            if (through) expect(limit(host, port, !isolated)).toBe(true);
            if (out) expect(reaches(wanted, host, port, false)).toBe(true);
            if (out) expect(limit(host, port, false)).toBe(true);
            // The Worker allows everything that the proxy allows. Otherwise a promise could not be
            // kept.
            if (out) expect(through).toBe(true);
            if (out) expect(isolated).toBe(false);
            if (through && isolated) expect(given.operator.isolatedNet).toBe(true);
          }
        }
        if (!given.operator.wildcards) expect(worker.net.join()).not.toContain("*");
        const own = ["localhost:3128", "localhost:61000", "*.localhost:61000"];
        if (!isolated) for (const entry of own) expect(worker.net).not.toContain(entry);
      }),
      { numRuns: runs(1_000) },
    );
  });

  it("for paths, variables and the system", () => {
    fc.assert(
      fc.property(input, (given) => {
        const { worker, mounts, env } = plan(given);
        const isolated = given.level === "isolated";
        const { ceiling } = given;
        for (const name of ["read", "write"] as const) {
          const wanted = asked(given).flatMap((each) => each[name] ?? []);
          for (const path of [...paths, "/srv", "/data/a/x", "/tmp/a/x", "/same/x", "/proc/1"]) {
            if (!holds(worker[name], path)) continue;
            expect(holds(wanted, path)).toBe(true);
            expect(ceiling === undefined || holds(ceiling[name] ?? [], path)).toBe(true);
            const room = isolated ? ["/same"] : ["/data", "/same", "/tmp"];
            expect(holds(name === "read" ? room : isolated ? [] : ["/tmp"], path)).toBe(true);
          }
        }
        for (const { target } of mounts) {
          expect(worker.read.some((path) => holds([target], path))).toBe(true);
        }
        const wanted = asked(given).flatMap((each) => each.env ?? []);
        const allowed = ["TOKEN", "_A1"].filter((v) => !ceiling || ceiling.env?.includes(v));
        expect(worker.env).toEqual(allowed.filter((v) => wanted.includes(v)).sort());
        expect(env).toEqual(worker.env);
        if (ceiling && !ceiling.sys?.length) expect(worker.sys).toEqual([]);
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe("the ceiling of a tenant", () => {
  it("grants with the host's what either alone would grant, and nothing else", () => {
    const both = fc.tuple(input, top);
    fc.assert(
      fc.property(both, ([given, tenantCeiling]) => {
        const ofHost = plan(given).permissions;
        const ofTenant = plan({ ...given, ceiling: tenantCeiling }).permissions;
        const { permissions } = plan({ ...given, tenantCeiling });
        for (const name of LISTS) {
          const common = ofHost[name].filter((value) => ofTenant[name].includes(value));
          expect(permissions[name]).toEqual(common);
        }
      }),
    );
  });
});

describe("a plan", () => {
  it("refuses nothing that is asked for reasonably, and lets it all out", () => {
    const reasonable = net.map((all) => all.filter((e) => sound(e) && !/3128|61000/.test(e)));
    fc.assert(
      fc.property(reasonable, (net) => {
        const base = { level: "container", tools: [], requested: { net } } as const;
        const given = plan({ ...base, operator: { ...operator, wildcards: true, egress } });
        expect(given.refusals).toEqual([]);
        expect(given.egress?.allow ?? []).toEqual([...new Set(net)].sort());
      }),
    );
  });

  it("never throws, whatever is asked, and grants nothing of nonsense", () => {
    const anything = fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true });
    const text = fc.string({ unit: "binary" });
    const almost = fc.dictionary(
      fc.oneof(fc.constantFrom("net", "env", "read", "sys", "hrtime", "__proto__"), text),
      fc.oneof(fc.array(fc.oneof(text, fc.webUrl(), fc.ipV6(), fc.domain())), anything),
    );
    const levels = fc.constantFrom("none" as const, "isolated" as const, "container" as const);
    fc.assert(
      fc.property(levels, fc.oneof(anything, almost), anything, (level, requested, odd) => {
        const tools = [{ name: "t", permissions: odd as Perms }];
        const open = { ...operator, strict: true, wildcards: true, isolatedNet: true };
        const { worker, refusals } = plan({ level, requested, tools, operator: open });
        if (level === "none") expect(worker.net).toEqual([]);
        for (const { message, field, value } of refusals) {
          expect(message.startsWith(`${field}: `)).toBe(true);
          expect(message + value).not.toMatch(/\p{C}/u);
          expect(message.length + value.length).toBeLessThan(500);
        }
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("is the same each time, and whatever the order of what is asked", () => {
    const turned = <T>(list: readonly T[] = []) => [...list].reverse();
    const reversed = (each: PermsObject): PermsObject =>
      Object.fromEntries(
        turned(Object.entries(each)).map(([k, v]) => [k, Array.isArray(v) ? turned(v) : v]),
      );
    fc.assert(
      fc.property(input, (given) => {
        const { refusals, ...rest } = plan(given);
        expect(plan(given)).toEqual({ ...rest, refusals });
        const tools = turned(given.tools);
        expect({ ...plan({ ...given, tools }), refusals: [] }).toEqual({ ...rest, refusals: [] });
        const requested = reversed(given.requested);
        const again = plan({
          ...given,
          requested,
          ceiling: given.ceiling && reversed(given.ceiling),
        });
        expect({ ...again, refusals: [] }).toEqual({ ...rest, refusals: [] });
        const values = (all: typeof refusals) =>
          all.map(({ value, kind }) => `${value} ${kind}`).sort();
        expect(values(again.refusals)).toEqual(values(refusals));
      }),
    );
  });

  it("of nothing is nothing, whatever is allowed", () => {
    const nothing = fc.constantFrom(undefined, "none", {}, { net: [], env: [] });
    fc.assert(
      fc.property(input, nothing, (given, requested) => {
        const { permissions, worker, egress, env, mounts, refusals, warnings } = plan({
          ...given,
          requested,
          tools: [{ name: "t", permissions: "none" }],
        });
        const lists = [...Object.values(permissions), ...Object.values(worker), env, mounts];
        expect(lists.every((list) => list === false || list.length === 0)).toBe(true);
        expect([egress, refusals, warnings]).toEqual([null, [], []]);
      }),
    );
  });
});
