import tinycolor from "tinycolor2";

export default () => [
  tinycolor("red").darken(20).toHexString(),
  tinycolor("hsl(120, 50%, 50%)").toRgbString(),
  tinycolor.readability("#000", "#fff"),
  tinycolor("no color").isValid(),
];
