import { format } from "@wasm-fmt/sql_fmt";

export default () => format("select a,b from tea where n>1 order by a");
