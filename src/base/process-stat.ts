/**
 * Splits `/proc/PID/stat`, or that of a thread, into the fields behind the name, from the state on.
 * The name itself may contain any character.
 */
export function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
