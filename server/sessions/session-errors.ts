import { HttpProblem } from "../errors/problem.ts";

export function noSuchSession(): HttpProblem {
  return new HttpProblem(404, "NotFound", "SESSION_NOT_FOUND", "There is no such session");
}

export function sessionElsewhere(server: string): HttpProblem {
  const message = `The session lives on the server ${server}, and this is another one`;
  return new HttpProblem(421, "MisdirectedRequest", "SESSION_ELSEWHERE", message);
}

export function otherKey(): HttpProblem {
  const message = "The session executes code for the key that began it, and this is another one";
  return new HttpProblem(403, "Forbidden", "SESSION_OF_OTHER_KEY", message);
}

export function tooManySessions(most: number): HttpProblem {
  const message = `The tenant has ${most} sessions, which is all it may have here; end one first`;
  return new HttpProblem(429, "QuotaExceeded", "SESSIONS_LIMIT", message, { retryAfter: 1 });
}
