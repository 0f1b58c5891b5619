/**
 * Describes why a server cannot listen, in a line for its operator; `undefined` for other errors.
 *
 * @example
 * const error = Object.assign(new Error(), { syscall: "listen", code: "EADDRINUSE" });
 * listenFault(error, "::1", 80) // "Another program listens on [::1]:80 (EADDRINUSE): end it, or name another port by PORT"
 */
export function listenFault(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
): string | undefined {
  const at = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  if (error.syscall === "getaddrinfo") return `HOST has no address (${error.code}): ${host}`;
  if (error.syscall !== "listen") return undefined;
  switch (error.code) {
    case "EADDRINUSE":
      return `Another program listens on ${at} (EADDRINUSE): end it, or name another port by PORT`;
    case "EACCES":
      return `This user may not listen on ${at} (EACCES): name a port above 1023 by PORT`;
    case "EADDRNOTAVAIL":
      return `This host has no address ${host} (EADDRNOTAVAIL): correct HOST`;
    default:
      return `It cannot listen on ${at}: ${error.message}`;
  }
}
