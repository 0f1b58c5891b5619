import ejs from "ejs";

export default () =>
  ejs.render("<% for (const p of people) { %>[<%= p %>]<% } %> <%- '<b>' %>", {
    people: ["Ada", "<Bo>"],
  });
