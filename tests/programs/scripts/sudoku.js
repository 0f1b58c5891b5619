// Solves Sudoku by constraints and search.
const ROWS = "ABCDEFGHI";
const cross = (a, b) => [...a].flatMap((x) => [...b].map((y) => x + y));
const squares = cross(ROWS, "123456789");
const units = [
  ...[..."123456789"].map((c) => cross(ROWS, c)),
  ...[...ROWS].map((r) => cross(r, "123456789")),
  ...["ABC", "DEF", "GHI"].flatMap((rs) => ["123", "456", "789"].map((cs) => cross(rs, cs))),
];
const peers = Object.fromEntries(
  squares.map((s) => [s, new Set(units.filter((unit) => unit.includes(s)).flat()).difference(new Set([s]))]),
);

const assign = (values, square, digit) =>
  [...values[square]].filter((d) => d !== digit).every((d) => eliminate(values, square, d)) && values;

function eliminate(values, square, digit) {
  if (!values[square].includes(digit)) return values;
  values[square] = values[square].replace(digit, "");
  if (values[square] === "") return false;
  if (values[square].length === 1) {
    for (const peer of peers[square]) if (!eliminate(values, peer, values[square])) return false;
  }
  for (const unit of units) {
    if (!unit.includes(square)) continue;
    const places = unit.filter((s) => values[s].includes(digit));
    if (places.length === 0) return false;
    if (places.length === 1 && values[places[0]].length > 1 && !assign(values, places[0], digit)) return false;
  }
  return values;
}

let tried = 0;
function search(values) {
  if (!values) return false;
  tried++;
  const open = squares.filter((s) => values[s].length > 1);
  if (open.length === 0) return values;
  const square = open.reduce((a, b) => (values[b].length < values[a].length ? b : a));
  for (const digit of values[square]) {
    const solved = search(assign({ ...values }, square, digit));
    if (solved) return solved;
  }
  return false;
}

export default function main(puzzle = "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......") {
  let values = Object.fromEntries(squares.map((s) => [s, "123456789"]));
  [...puzzle].forEach((digit, i) => {
    if (digit !== ".") values = assign(values, squares[i], digit);
  });
  const solved = search(values);
  const lines = [...ROWS].map((r) => [..."123456789"].map((c) => solved[r + c]).join(" "));
  console.groupCollapsed("solution");
  console.log(lines.join("\n"));
  console.groupEnd();
  console.debug(`tried more than one: ${tried > 1}`);
  return lines.map((line) => line.replaceAll(" ", ""));
}
