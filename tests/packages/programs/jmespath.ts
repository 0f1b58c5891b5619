import jmespath from "jmespath";

export default () => {
  const data = {
    people: [
      { name: "Ada", age: 36 },
      { name: "Bo", age: 9 },
    ],
  };
  return [
    jmespath.search(data, "people[?age > `18`].name"),
    jmespath.search(data, "sum(people[].age)"),
  ];
};
