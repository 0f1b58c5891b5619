import moment from "moment";

export default () => {
  const day = moment.utc("2024-03-10T08:30:00Z");
  return [
    day.clone().add(1, "month").format("dddd, MMMM Do YYYY, h:mm a"),
    day.from(moment.utc("2024-03-12")),
    moment.duration(90, "minutes").humanize(),
    moment("31/12/2024", "DD/MM/YYYY", true).isValid(),
  ];
};
