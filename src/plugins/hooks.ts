type Awaitable<T> = T | Promise<T>;

/** What a tapped function is told, and may return in its place; nothing keeps it as it is. */
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

/** Tells all tapped functions of something that has happened. */
export class SyncHook<T> {
  readonly #tapped: ((value: T) => void)[] = [];

  tap(each: (value: T) => void): void {
    this.#tapped.push(each);
  }

  run(value: T): void {
    for (const each of this.#tapped) each(value);
  }
}

/** Wraps a piece of work; `next()` does what the plugins after this one, and the core, do. */
export type Wrapper<C, T> = (context: C, next: () => Promise<T>) => Awaitable<T>;

/** Work that plugins wrap: the first plugin's wrapper is the outermost. */
export class WrapHook<C, T> {
  readonly #wrappers: Wrapper<C, T>[] = [];

  tap(wrapper: Wrapper<C, T>): void {
    this.#wrappers.push(wrapper);
  }

  async run(context: C, core: () => Promise<T>): Promise<T> {
    const from = async (index: number): Promise<T> => {
      const wrapper = this.#wrappers[index];
      return wrapper === undefined ? core() : wrapper(context, () => from(index + 1));
    };
    return from(0);
  }
}

/** Something one plugin offers to those after it. */
export class ApiHook<T> {
  readonly #name: string;
  #offered: (() => T) | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Offers it; the last plugin to do so is the one that counts. */
  tap(offer: () => T): void {
    this.#offered = offer;
  }

  /** What is offered. Throws an Error if no plugin has offered it yet. */
  call(): T {
    if (this.#offered === undefined) throw new Error(`No plugin offers "${this.#name}" yet`);
    return this.#offered();
  }
}
