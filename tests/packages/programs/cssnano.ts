import cssnano from "cssnano";
import postcss from "postcss";

export default async () =>
  (
    await postcss([cssnano()]).process("a { color: #ff0000; margin: 0px 0px }\n a { top: 0 }", {
      from: undefined,
    })
  ).css;
