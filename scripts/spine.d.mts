/** The files between a request and `docker.createContainer`, in the order they call each other. */
export const SPINE: readonly string[];
