/** Keeps an inventory by events, with an observable and immutable snapshots. */
type Event =
  | { type: "added"; sku: string; count: number; at: Date }
  | { type: "removed"; sku: string; count: number; at: Date }
  | { type: "renamed"; sku: string; to: string };

class Observable<T> {
  readonly #observers = new Set<(value: T) => void>();
  subscribe(observer: (value: T) => void): Disposable {
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }
  next(value: T): void {
    for (const observer of this.#observers) observer(value);
  }
  pipe<U>(map: (value: T) => U | undefined): Observable<U> {
    const result = new Observable<U>();
    this.subscribe((value) => {
      const mapped = map(value);
      if (mapped !== undefined) result.next(mapped);
    });
    return result;
  }
}

type Stock = Readonly<Record<string, number>>;

function reduce(stock: Stock, event: Event): Stock {
  switch (event.type) {
    case "added":
      return Object.freeze({ ...stock, [event.sku]: (stock[event.sku] ?? 0) + event.count });
    case "removed": {
      const left = (stock[event.sku] ?? 0) - event.count;
      if (left < 0) throw Object.assign(new RangeError(`${event.sku}: ${-left} missing`), { event });
      return Object.freeze({ ...stock, [event.sku]: left });
    }
    case "renamed": {
      const { [event.sku]: count = 0, ...others } = stock;
      return Object.freeze({ ...others, [event.to]: count });
    }
    default:
      return event satisfies never;
  }
}

export default function main() {
  const events = new Observable<Event>();
  const history: Stock[] = [Object.freeze({})];
  events.subscribe((event) => history.push(reduce(history.at(-1)!, event)));
  const low = events.pipe((event) => (event.type === "removed" && history.at(-1)![event.sku]! < 3 ? event.sku : undefined));
  using _watch = low.subscribe((sku) => console.warn("low: %s", sku));
  const at = new Date(Date.UTC(2024, 0, 31, 12));
  events.next({ type: "added", sku: "nut", count: 10, at });
  events.next({ type: "removed", sku: "nut", count: 8, at });
  events.next({ type: "renamed", sku: "nut", to: "hex-nut" });
  try {
    events.next({ type: "removed", sku: "bolt", count: 1, at });
  } catch (error) {
    console.error((error as Error).message, (error as { event: Event }).event);
  }
  try {
    (history[1] as Record<string, number>).nut = 0;
  } catch (error) {
    console.log((error as Error).message);
  }
  console.log("%o", history.length, structuredClone(new Map([[at, history.at(-1)]])));
  return history;
}
