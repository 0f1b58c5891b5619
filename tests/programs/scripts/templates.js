// Renders templates with loops, conditions and filters, compiled to functions.
const html = (strings, ...values) =>
  String.raw({ raw: strings }, ...values.map((value) => (Array.isArray(value) ? value.join("") : escape(value))));
const escape = (value) => String(value ?? "").replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

const filters = {
  upper: (text) => String(text).toUpperCase(),
  money: (value) => new Intl.NumberFormat("en-US", { style: "currency", currency: "EUR" }).format(value),
  date: (value) => new Date(value).toLocaleDateString("en-GB", { timeZone: "UTC", dateStyle: "long" }),
};

const scopeOf = (data) =>
  new Proxy(data, {
    has: (_, key) => !["out", "escape", "filters"].includes(key),
    get: (target, key) => (key === Symbol.unscopables ? undefined : key in target ? target[key] : undefined),
  });

function compile(source) {
  const parts = source.split(/({{[^}]*}}|{%[^%]*%})/);
  const body = parts.map((part) => {
    if (part.startsWith("{%")) {
      const [word, ...rest] = part.slice(2, -2).trim().split(/\s+/);
      if (word === "for") return `for (const ${rest[0]} of ${rest.slice(2).join(" ")} ?? []) {`;
      if (word === "if") return `if (${rest.join(" ")}) {`;
      if (word === "else") return "} else {";
      if (word === "end") return "}";
      throw new SyntaxError(`Unknown tag ${word}`);
    }
    if (!part.startsWith("{{")) return `out.push(${JSON.stringify(part)});`;
    const [value, ...names] = part.slice(2, -2).split("|").map((each) => each.trim());
    return `out.push(escape(${names.reduce((inner, name) => `filters.${name}(${inner})`, value)}));`;
  });
  const run = new Function("data", "filters", "escape", `const out = []; with (data) { ${body.join("\n")} } return out.join("");`);
  return (data) => run(scopeOf(data), filters, escape);
}

export default () => {
  const page = compile("Dear {{ name | upper }},{% for item of items %}\n- {{ item.title }}: {{ item.price | money }}{% if item.old %} (old){% else %}!{% end %}{% end %}\n{{ when | date }} {{ missing }}");
  const text = page({
    name: "Ada <L>",
    when: 0,
    items: [{ title: "Chair & table", price: 1234.5 }, { title: "Lamp", price: 3, old: true }],
  });
  console.log(text);
  console.log(html`<ul>${["a", "b"].map((each) => html`<li>${each}</li>`)}</ul><p>${"<script>"}</p>`);
  try {
    compile("{% while x %}");
  } catch (error) {
    console.log(error.name, "-", error.message);
  }
  return text.split("\n").length;
};
