import he from "he";

export default () => [
  he.encode("a < b © ☕", { useNamedReferences: true }),
  he.decode("&eacute;&#x2615;&amp;"),
];
