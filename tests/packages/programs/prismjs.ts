import Prism from "prismjs";
import "prismjs/components/prism-sql.js";

export default () => [
  Prism.highlight("let a = 1;", Prism.languages.javascript, "javascript"),
  Prism.highlight("SELECT 1", Prism.languages.sql, "sql"),
];
