import Color from "color";

export default () => [
  Color("rgb(255, 128, 0)").hex(),
  Color("#336699").lighten(0.2).rgb().round().array(),
  Color({ h: 120, s: 100, l: 25 }).string(),
  Color("white").contrast(Color("black")),
];
