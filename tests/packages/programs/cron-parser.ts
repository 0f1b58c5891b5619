import { CronExpressionParser } from "cron-parser";

export default () => {
  const times = CronExpressionParser.parse("0 9 * * 1-5", {
    currentDate: "2024-05-03T10:00:00Z",
    tz: "UTC",
  });
  return [times.next().toISOString(), times.next().toISOString(), times.stringify()];
};
