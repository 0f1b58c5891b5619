import Papa from "papaparse";

export default () => {
  const { data, errors } = Papa.parse('name,age\nAda,36\n"Bell, A.",75', {
    header: true,
    dynamicTyping: true,
  });
  return [data, errors, Papa.unparse([{ x: 1, y: "a,b" }])];
};
