/** A sample of a metric in the text form of Prometheus. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_]\w*)(?:\{(.*)\})? (\S+)$/;

/**
 * Reads metrics. Lines of another form are left out.
 *
 * @example
 * samples('a{b="c"} 1') // [{ name: "a", labels: { b: "c" }, value: 1 }]
 */
export function samples(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** State of the pool of one level. */
export interface Pool {
  readonly level: string;
  readonly up: boolean;
  readonly waiting: number;
  /** Number of sandboxes by what they are at. */
  readonly states: Readonly<Record<string, number>>;
}

/** Finds the state of the pool in metrics. */
export function pools(all: readonly Sample[]): Pool[] {
  const named = (name: string) => all.filter((sample) => sample.name === name);
  return named("isolate_engine_up").map(({ labels: { level = "" }, value }) => {
    const own = (name: string) => named(name).filter(({ labels }) => labels.level === level);
    const states = own("isolate_sandboxes").map(({ labels, value }) => [labels.state, value]);
    return {
      level,
      up: value === 1,
      waiting: own("isolate_waiting")[0]?.value ?? 0,
      states: Object.fromEntries(states),
    };
  });
}
