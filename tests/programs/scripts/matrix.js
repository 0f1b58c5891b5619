// LU decomposition with pivots, determinants, inverses, and exact fractions by BigInt.
class Fraction {
  constructor(n, d = 1n) {
    const gcd = (a, b) => (b ? gcd(b, a % b) : a < 0n ? -a : a);
    const by = gcd(n, d) * (d < 0n ? -1n : 1n);
    this.n = n / by;
    this.d = d / by;
  }
  static of(value) {
    return value instanceof Fraction ? value : new Fraction(BigInt(value));
  }
  times(o) {
    return new Fraction(this.n * o.n, this.d * o.d);
  }
  minus(o) {
    return new Fraction(this.n * o.d - o.n * this.d, this.d * o.d);
  }
  over(o) {
    if (o.n === 0n) throw new RangeError("Division by zero");
    return new Fraction(this.n * o.d, this.d * o.n);
  }
  [Symbol.toPrimitive](hint) {
    return hint === "number" ? Number(this.n) / Number(this.d) : this.d === 1n ? `${this.n}` : `${this.n}/${this.d}`;
  }
}

function determinant(rows) {
  const m = rows.map((row) => Float64Array.from(row));
  let result = 1;
  for (let i = 0; i < m.length; i++) {
    const pivot = m.slice(i).reduce((best, row, k) => (Math.abs(row[i]) > Math.abs(m[best][i]) ? i + k : best), i);
    if (m[pivot][i] === 0) return 0;
    if (pivot !== i) [m[i], m[pivot]] = [m[pivot], m[i]], (result = -result);
    result *= m[i][i];
    for (let r = i + 1; r < m.length; r++) {
      const factor = m[r][i] / m[i][i];
      for (let c = i; c < m.length; c++) m[r][c] -= factor * m[i][c];
    }
  }
  return result;
}

function inverse(rows) {
  const size = rows.length;
  const m = rows.map((row, i) => [...row, ...Array.from({ length: size }, (_, k) => +(i === k))].map(Fraction.of));
  for (let i = 0; i < size; i++) {
    const pivot = m.findIndex((row, r) => r >= i && row[i].n !== 0n);
    if (pivot < 0) throw new RangeError("The matrix is singular");
    [m[i], m[pivot]] = [m[pivot], m[i]];
    const lead = m[i][i];
    m[i] = m[i].map((value) => value.over(lead));
    for (let r = 0; r < size; r++) if (r !== i) m[r] = m[r].map((value, c) => value.minus(m[r][i].times(m[i][c])));
  }
  return m.map((row) => row.slice(size));
}

export default function () {
  const a = [[2, 1, 1], [1, 3, 2], [1, 0, 0]];
  console.log("det", Math.round(determinant(a)), new Float64Array([1.5, -0, NaN]));
  console.log(inverse(a).map((row) => row.join("\t")).join("\n"));
  try {
    inverse([[1, 2], [2, 4]]);
  } catch ({ name, message }) {
    console.error(name, message);
  }
  console.log(Fraction.of(3).over(Fraction.of(-6)), 2n ** 70n, [1n, , 3n]);
  return inverse([[0, 4], [3, 0]]).map((row) => row.map(Number));
}
