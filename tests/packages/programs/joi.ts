import Joi from "joi";

const order = Joi.object({
  sku: Joi.string().alphanum().length(6).required(),
  count: Joi.number().integer().min(1).default(1),
  by: Joi.string().email(),
});

export default () => [
  order.validate({ sku: "ab12cd" }),
  order
    .validate({ sku: "x", count: 0, by: "nobody" }, { abortEarly: false })
    .error?.details.map(({ message }) => message),
];
