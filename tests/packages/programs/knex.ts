import knex from "knex";

const build = knex({ client: "pg" });

export default () => [
  build("orders").where("n", ">", 2).andWhere({ kind: "tea" }).select("id", "n").toString(),
  build("orders").insert({ kind: "rice" }).returning("id").toSQL().toNative(),
  build.schema.createTable("shops", (table) => void table.increments("id")).toString(),
];
