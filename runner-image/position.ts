import { type Place, pathOf } from "./place.ts";

/** A place with the object that is there. */
export interface OpenPlace extends Place {
  readonly object: object;
  readonly parent: OpenPlace | undefined;
}

/** The way from a result to the object being converted. Each list has `depth` items. */
export class Position {
  depth = 0;
  readonly #keys: (string | number)[] = [];
  readonly #objects: object[] = [];
  readonly #places: (OpenPlace | undefined)[] = [];

  /** Tells whether an object contains the place at a depth. */
  isOpen(value: object, depth: number): boolean {
    for (let i = 0; i < depth; i += 1) if (this.#objects[i] === value) return true;
    return false;
  }

  enter(value: object, key: string | number): void {
    this.#keys[this.depth] = key;
    this.#objects[this.depth] = value;
    this.#places[this.depth] = undefined;
    this.depth += 1;
  }

  /** Puts another object in place of the one entered last. */
  replace(value: object): void {
    if (this.depth > 0) this.#objects[this.depth - 1] = value;
  }

  /** Returns the place of the object entered last. Places are made only where one is needed. */
  place(): OpenPlace {
    for (let i = 0; i < this.depth; i += 1) {
      const parent = this.#places[i - 1];
      const object = this.#objects[i] as object;
      this.#places[i] ??= { key: this.#keys[i] as string, object, parent };
    }
    return this.#places[this.depth - 1] as OpenPlace;
  }

  /** Goes on inside a place, after other parts of the result. */
  resume(place: OpenPlace | undefined): void {
    let depth = 0;
    for (let at = place; at !== undefined; at = at.parent) depth += 1;
    this.depth = depth;
    for (let at = place; at !== undefined; at = at.parent) {
      depth -= 1;
      this.#keys[depth] = at.key;
      this.#objects[depth] = at.object;
      this.#places[depth] = at;
    }
  }

  /** Returns the path of a key in the object entered last, or of that object. */
  path(key?: string | number): string {
    const parent = this.depth > 0 ? this.place() : undefined;
    if (key === undefined) return parent === undefined ? "result" : pathOf(parent);
    return pathOf({ key, parent });
  }
}
