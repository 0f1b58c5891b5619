import {
  array,
  assert,
  create,
  defaulted,
  number,
  object,
  type StructError,
  string,
} from "superstruct";

const Article = object({ id: number(), title: string(), tags: defaulted(array(string()), []) });

export default () => {
  try {
    assert({ id: "34", title: "x", tags: [] }, Article);
    return "no failure";
  } catch (error) {
    return [create({ id: 1, title: "x" }, Article), (error as StructError).message];
  }
};
