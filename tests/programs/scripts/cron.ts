/** Computes when cron expressions are due, in UTC. */
const NAMES = ["minute", "hour", "day", "month", "weekday"] as const;
const RANGES = { minute: [0, 59], hour: [0, 23], day: [1, 31], month: [1, 12], weekday: [0, 6] } as const;

type Field = (typeof NAMES)[number];
type Schedule = { readonly [F in Field]: ReadonlySet<number> };

function field(text: string, name: Field): Set<number> {
  const [low, high] = RANGES[name];
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [, range, step = "1"] = /^(\*|\d+(?:-\d+)?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (range === undefined) throw new SyntaxError(`Bad ${name}: ${JSON.stringify(part)}`);
    const [from, to] = range === "*" ? [low, high] : range.split("-").map(Number);
    if (from! < low || (to ?? from!) > high) throw new RangeError(`${name} must be ${low}-${high}, was ${part}`);
    for (let value = from!; value <= (to ?? from!); value += Number(step)) values.add(value);
  }
  return values;
}

function parse(text: string): Schedule {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== NAMES.length) throw new SyntaxError(`${NAMES.length} fields, not ${parts.length}`);
  return Object.fromEntries(NAMES.map((name, i) => [name, field(parts[i]!, name)])) as unknown as Schedule;
}

function* due(schedule: Schedule, after: Date): Generator<Date, never> {
  const at = new Date(after);
  at.setUTCSeconds(0, 0);
  for (;;) {
    at.setUTCMinutes(at.getUTCMinutes() + 1);
    if (!schedule.month.has(at.getUTCMonth() + 1)) at.setUTCMonth(at.getUTCMonth() + 1, 0), at.setUTCHours(23, 59);
    else if (!schedule.day.has(at.getUTCDate()) || !schedule.weekday.has(at.getUTCDay())) at.setUTCHours(23, 59);
    else if (!schedule.hour.has(at.getUTCHours())) at.setUTCMinutes(59);
    else if (schedule.minute.has(at.getUTCMinutes())) yield new Date(at);
  }
}

export default () => {
  const from = new Date("2024-02-27T22:50:10Z");
  const plans = ["*/15 * * * *", "0 9 * * 1-5", "30 4 1,15 */2 *", "0 0 29 2 *", "61 * * * *", "* *"];
  return plans.map((plan) => {
    try {
      const times = due(parse(plan), from).take(3).map((date) => date.toISOString().slice(0, 16)).toArray();
      console.log(plan.padEnd(16), "→", times.join(" "));
      return times;
    } catch (error) {
      console.warn("%s → %s: %s", plan, (error as Error).name, (error as Error).message);
      return (error as Error).name;
    }
  });
};
