import nunjucks from "nunjucks";

const env = new nunjucks.Environment(null, { autoescape: true });

export default () =>
  env.renderString("{% for n in list %}{{ loop.index }}={{ n | upper }} {% endfor %}{{ html }}", {
    list: ["a", "b"],
    html: "<p>",
  });
