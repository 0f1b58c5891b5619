import _ from "underscore";

export default () => [
  _.pluck([{ name: "tea" }, { name: "rice" }], "name"),
  _.chain([3, 1, 2]).sortBy().first(2).value(),
  _.template("Hi <%- name %>")({ name: "<Bo>" }),
];
