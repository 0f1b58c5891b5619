// Conway's Game of Life on a torus, drawn as text.
const GLIDER = [[1, 0], [2, 1], [0, 2], [1, 2], [2, 2]];

class World {
  constructor(width, height, cells = new Uint8Array(width * height)) {
    Object.assign(this, { width, height, cells });
  }
  at(x, y) {
    const { width, height, cells } = this;
    return cells[((y + height) % height) * width + ((x + width) % width)];
  }
  neighbours(x, y) {
    let count = 0;
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) if (dx || dy) count += this.at(x + dx, y + dy);
    return count;
  }
  next() {
    const cells = this.cells.map((alive, i) => {
      const count = this.neighbours(i % this.width, (i / this.width) | 0);
      return count === 3 || (alive && count === 2) ? 1 : 0;
    });
    return new World(this.width, this.height, cells);
  }
  toString() {
    return Array.from({ length: this.height }, (_, y) =>
      [...this.cells.subarray(y * this.width, (y + 1) * this.width)].map((cell) => (cell ? "█" : "·")).join(""),
    ).join("\n");
  }
}

export default function main({ size = 8, steps = 12 } = {}) {
  let world = new World(size, size);
  for (const [x, y] of GLIDER) world.cells[y * size + x] = 1;
  const seen = new Map([[String(world), 0]]);
  for (let step = 1; step <= 40; step++) {
    world = world.next();
    if (step % steps === 0) {
      console.group(`step ${step}`);
      console.log(String(world));
      console.groupEnd();
    }
    const before = seen.get(`${world}`);
    if (before !== undefined) {
      console.log("period", step - before);
      return step - before;
    }
    seen.set(`${world}`, step);
  }
}
