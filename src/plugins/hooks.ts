/** The hooks plugins speak through: a thin layer over tapable, plus what it does not have. */
import { AsyncSeriesWaterfallHook, SyncHook as TapableSyncHook } from "tapable";

type Awaitable<T> = T | Promise<T>;

/** What a tapped function is told, and may return in its place; nothing keeps it as it is. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is welcome
export type Waterfall<T, C> = (value: T, context: C) => Awaitable<T | undefined | void>;

/** Passes a value through all tapped functions, in the order of their plugins. */
export class AsyncHook<T, C = undefined> {
  readonly #hook = new AsyncSeriesWaterfallHook<[T, C]>(["value", "context"]);

  /** @internal Plugins tap by their own API, which adds their name. */
  tapAs(plugin: string, each: Waterfall<T, C>): void {
    this.#hook.tapPromise(plugin, async (value, context) => (await each(value, context)) as T);
  }

  run(value: T, context: C): Promise<T> {
    return this.#hook.promise(value, context);
  }
}

/** Tells all tapped functions of something that has happened. */
export class SyncHook<T> {
  readonly #hook = new TapableSyncHook<[T]>(["value"]);

  /** @internal Plugins tap by their own API, which adds their name. */
  tapAs(plugin: string, each: (value: T) => void): void {
    this.#hook.tap(plugin, each);
  }

  run(value: T): void {
    this.#hook.call(value);
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
