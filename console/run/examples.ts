import type { Draft } from "./draft.ts";

const NOTHING = { input: "", permissions: "", dependencies: "", secrets: "" };

/** Requests to begin with, by their names in the menu. */
export const EXAMPLES: Readonly<Record<string, Draft>> = {
  Hello: {
    ...NOTHING,
    code: `export default function () {
  return "Hello from a sandbox";
}
`,
  },
  Input: {
    ...NOTHING,
    code: `interface Order {
  items: { name: string; price: number; count: number }[];
}

export default function ({ items }: Order) {
  const total = items.reduce((sum, { price, count }) => sum + price * count, 0);
  return { items: items.length, total };
}
`,
    input:
      '{"items": [{"name": "Pen", "price": 3, "count": 4}, {"name": "Book", "price": 15, "count": 2}]}',
  },
  "Logs over time": {
    ...NOTHING,
    code: `export default async function () {
  for (let step = 1; step <= 5; step += 1) {
    console.log("Step", step, "of 5");
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  console.warn("Nothing left to do");
  return "done";
}
`,
  },
  "Network denied": {
    ...NOTHING,
    code: `export default async function () {
  const response = await fetch("https://example.com/");
  return { status: response.status, characters: (await response.text()).length };
}
`,
  },
  Package: {
    ...NOTHING,
    code: `import { z } from "zod";

const Person = z.object({ name: z.string(), age: z.coerce.number() });

export default (input: unknown) => Person.parse(input);
`,
    input: '{"name": "Ada", "age": "36"}',
    dependencies: '{"zod": "^4"}',
  },
};

export const FIRST = EXAMPLES.Hello as Draft;
