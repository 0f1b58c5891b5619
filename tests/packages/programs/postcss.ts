import postcss from "postcss";

const upper = {
  postcssPlugin: "upper",
  Declaration: (declaration: { value: string }) => {
    declaration.value = declaration.value.toLowerCase();
  },
};

export default async () => {
  const { css, root } = await postcss([upper]).process("a{color:RED}", { from: undefined });
  return [css, root.first?.toString()];
};
