import { decodeHTML, encodeXML, escapeText } from "entities";

export default () => [
  decodeHTML("&pound;3 &lt; &#8364;4"),
  encodeXML("a<b & ü"),
  escapeText("<i>&"),
];
