/** Carves a maze with a seeded generator, and finds the way by A*. */
class Heap<T> {
  readonly #items: { cost: number; item: T }[] = [];
  get size(): number {
    return this.#items.length;
  }
  push(item: T, cost: number): void {
    const index = this.#items.findIndex((each) => each.cost > cost);
    this.#items.splice(index < 0 ? this.#items.length : index, 0, { cost, item });
  }
  pop(): T {
    if (this.size === 0) throw new RangeError("The heap is empty");
    return this.#items.shift()!.item;
  }
}

function* random(seed: number): Generator<number, never, void> {
  for (;;) {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    yield ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

type Point = readonly [x: number, y: number];
const STEPS: readonly Point[] = [[0, -1], [1, 0], [0, 1], [-1, 0]];

function carve(width: number, height: number, seed: number): string[][] {
  const next = random(seed);
  const grid = Array.from({ length: height * 2 + 1 }, () => Array<string>(width * 2 + 1).fill("#"));
  const stack: Point[] = [[1, 1]];
  grid[1]![1] = " ";
  while (stack.length > 0) {
    const [x, y] = stack.at(-1)!;
    const ways = STEPS.filter(([dx, dy]) => grid[y + dy * 2]?.[x + dx * 2] === "#");
    if (ways.length === 0) {
      stack.pop();
      continue;
    }
    const [dx, dy] = ways[Math.floor(next.next().value * ways.length)]!;
    grid[y + dy]![x + dx] = grid[y + dy * 2]![x + dx * 2] = " ";
    stack.push([x + dx * 2, y + dy * 2]);
  }
  return grid;
}

function way(grid: string[][], from: Point, [toX, toY]: Point): Point[] {
  const came = new Map<string, Point | null>([[String(from), null]]);
  const cost = new Map([[String(from), 0]]);
  const open = new Heap<Point>();
  open.push(from, 0);
  search: while (open.size > 0) {
    const at = open.pop();
    for (const [dx, dy] of STEPS) {
      const to: Point = [at[0] + dx, at[1] + dy];
      if (grid[to[1]]?.[to[0]] !== " ") continue;
      const price = cost.get(String(at))! + 1;
      if (price >= (cost.get(`${to}`) ?? Infinity)) continue;
      cost.set(`${to}`, price);
      came.set(`${to}`, at);
      if (to[0] === toX && to[1] === toY) break search;
      open.push(to, price + Math.abs(to[0] - toX) + Math.abs(to[1] - toY));
    }
  }
  const path: Point[] = [];
  for (let at: Point | null | undefined = [toX, toY]; at; at = came.get(String(at))) path.unshift(at);
  return path;
}

export default (seed = 7) => {
  const grid = carve(9, 5, seed);
  const path = way(grid, [1, 1], [17, 9]);
  for (const [x, y] of path) grid[y]![x] = "·";
  console.log(grid.map((row) => row.join("")).join("\n"));
  try {
    new Heap().pop();
  } catch (error) {
    console.log(`${error}`);
  }
  return path.length;
};
