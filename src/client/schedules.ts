import { segment, type Transport } from "./transport.ts";
import type { Schedule, ScheduleRun, ScheduleSettings } from "./types.ts";

/** Manages schedules: times at which functions are called. */
export class SchedulesClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Has a function called at certain times. A schedule with that id is replaced. */
  put(name: string, id: string, settings: ScheduleSettings): Promise<Schedule> {
    return this.#transport.json(pathOf(name, id), { method: "PUT", body: settings });
  }

  get(name: string, id: string): Promise<Schedule> {
    return this.#transport.json(pathOf(name, id));
  }

  /** Returns a page of a function's schedules, by id. `next` is the `after` of the next page. */
  list(
    name: string,
    query: { after?: string; limit?: number } = {},
  ): Promise<{ schedules: Schedule[]; next?: string }> {
    return this.#transport.json(`/functions/${segment(name)}/schedules`, { query });
  }

  /** Returns the last hundred due times, the newest first. */
  async runs(name: string, id: string): Promise<ScheduleRun[]> {
    return (await this.#transport.json<{ runs: ScheduleRun[] }>(`${pathOf(name, id)}/runs`)).runs;
  }

  /** Deletes a schedule, with its history. */
  async delete(name: string, id: string): Promise<void> {
    await this.#transport.send(pathOf(name, id), { method: "DELETE" });
  }
}

function pathOf(name: string, id: string): string {
  return `/functions/${segment(name)}/schedules/${segment(id)}`;
}
