export type Awaitable<T> = T | Promise<T>;

/**
 * A tapped function. It receives a value and may return its replacement; without a result, the
 * value stays.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is welcome
export type Waterfall<T, C> = (value: T, context: C) => Awaitable<T | undefined | void>;

/** Passes a value through all tapped functions, in the order of their plugins. */
export class AsyncHook<T, C = undefined> {
  readonly #tapped: Waterfall<T, C>[] = [];

  tap(each: Waterfall<T, C>): void {
    this.#tapped.push(each);
  }

  async run(value: T, context: C): Promise<T> {
    let current = value;
    for (const each of this.#tapped) {
      const changed = await each(current, context);
      if (changed !== undefined) current = changed as T;
    }
    return current;
  }
}

/** Calls all tapped functions with an event. */
export class SyncHook<T> {
  readonly #tapped: ((value: T) => void)[] = [];

  tap(each: (value: T) => void): void {
    this.#tapped.push(each);
  }

  run(value: T): void {
    for (const each of this.#tapped) each(value);
  }
}

/**
 * Wraps a piece of work. `next()` runs the wrappers of later plugins, then the work itself, for the
 * same value or a changed copy of it.
 */
export type Wrapper<C, T> = (context: C, next: (changed?: C) => Promise<T>) => Awaitable<T>;

/** Runs work inside the wrappers of plugins. The first plugin's wrapper is the outermost. */
export class WrapHook<C, T> {
  readonly #wrappers: Wrapper<C, T>[] = [];

  tap(wrapper: Wrapper<C, T>): void {
    this.#wrappers.push(wrapper);
  }

  async run(context: C, core: (context: C) => Promise<T>): Promise<T> {
    const from = async (index: number, current: C): Promise<T> => {
      const wrapper = this.#wrappers[index];
      if (wrapper === undefined) return core(current);
      return wrapper(current, (changed = current) => from(index + 1, changed));
    };
    return from(0, context);
  }
}

/** An API that one plugin offers to others. */
export interface Offer<T> {
  /** Offers the API. The last offer counts. */
  tap(offer: () => T): void;
  /**
   * Returns the offered API.
   *
   * @throws {Error} if no plugin has offered it yet.
   */
  call(): T;
}

export class ApiHook<T> implements Offer<T> {
  readonly #name: string;
  #offered: (() => T) | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  tap(offer: () => T): void {
    this.#offered = offer;
  }

  call(): T {
    if (this.#offered === undefined) throw new Error(`No plugin offers "${this.#name}" yet`);
    return this.#offered();
  }
}
