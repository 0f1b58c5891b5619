import * as cheerio from "cheerio";

export default () => {
  const $ = cheerio.load("<ul><li class=a>one</li><li>two</li></ul>");
  $("li.a").text("first").addClass("b");
  return [
    $("li").length,
    $("ul").html(),
    $("li")
      .map((_, li) => $(li).text())
      .get(),
  ];
};
