import { DateTime, Duration, Interval } from "luxon";

export default () => {
  const start = DateTime.fromISO("2024-05-01T09:00", { zone: "Europe/Paris" });
  return [
    start.toISO(),
    start.setZone("America/New_York").toFormat("dd LLL HH:mm ZZZZ"),
    start.setLocale("fr").toLocaleString(DateTime.DATE_FULL),
    Duration.fromObject({ minutes: 150 }).shiftTo("hours", "minutes").toObject(),
    Interval.after(start, { days: 3 }).length("hours"),
  ];
};
