import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime.js";
import utc from "dayjs/plugin/utc.js";

dayjs.extend(utc);
dayjs.extend(relativeTime);

export default () => {
  const day = dayjs.utc("2024-01-31T10:00:00Z");
  return [
    day.add(1, "month").format("YYYY-MM-DD HH:mm"),
    day.from("2024-02-10"),
    day.endOf("month").date(),
  ];
};
