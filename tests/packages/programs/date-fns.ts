import { addDays, differenceInMonths, format, parseISO } from "date-fns";
import { de } from "date-fns/locale";

export default () => {
  const start = parseISO("2024-02-28T12:00:00");
  return [
    format(addDays(start, 2), "yyyy-MM-dd"),
    format(start, "EEEE, d. MMMM", { locale: de }),
    differenceInMonths(new Date(2025, 5, 1), start),
  ];
};
