/** File name of the runner's script in stacks. */
export const RUNNER_URL = "isolate:runner";
