/** Parses CSV with quotes and prints totals by group. */
type Row = Record<string, string>;

const SALES = `region,product,units,price
north,"Chair, folding",4,19.90
south,"Table ""Oslo""",1,249
north,Lamp,7,12.5
west,,3,8
south,Lamp,2,12.5`;

function parse(text: string): Row[] {
  const records: string[][] = [[]];
  let field = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') {
        field += '"';
        i++;
      } else if (c === '"') quoted = false;
      else field += c;
    } else if (c === '"') quoted = true;
    else if (c === "," || c === "\n") {
      records.at(-1)!.push(field);
      field = "";
      if (c === "\n") records.push([]);
    } else field += c;
  }
  records.at(-1)!.push(field);
  const [head = [], ...rest] = records;
  return rest.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ""])));
}

export default function main() {
  const rows = parse(SALES);
  console.table(rows, ["product", "units"]);
  const groups = Object.groupBy(rows, ({ region }) => region!);
  const totals = new Map<string, number>();
  for (const [region, items] of Object.entries(groups)) {
    const sum = items!.reduce((total, { units, price }) => total + Number(units) * Number(price), 0);
    totals.set(region, Number(sum.toFixed(2)));
    console.log("%s: %d rows, %s EUR", region.padEnd(6), items!.length, sum.toFixed(2));
  }
  console.log(totals);
  return [...totals].sort(([, a], [, b]) => b - a)[0];
}
