import markdownit from "markdown-it";

export default () =>
  markdownit({ html: false, linkify: true, typographer: true }).render(
    '## Menu\n\n| tea | price |\n|---|---|\n| green | 3 |\n\nSee example.com -- "now" <b>\n',
  );
