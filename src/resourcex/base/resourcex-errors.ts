/** Base class of all errors of ResourceX. */
export class ResourceXError extends Error {
  override readonly name: string = "ResourceXError";
}

/** A locator that cannot be a place in the storage or part of a request. */
export class LocatorError extends ResourceXError {
  override readonly name = "LocatorError";
}

/** A manifest without a required field, or a malformed `resource.json`. */
export class ManifestError extends ResourceXError {
  override readonly name = "ManifestError";
}

/**
 * An archive or a folder with forbidden content, with too much of it, or without the requested
 * file.
 */
export class ContentError extends ResourceXError {
  override readonly name = "ContentError";
}

/** A type that is unknown, malformed or already registered, or arguments against its schema. */
export class ResourceTypeError extends ResourceXError {
  override readonly name = "ResourceTypeError";
}

/** A resource that does not exist, cannot be fetched, or must not be trusted. */
export class RegistryError extends ResourceXError {
  override readonly name = "RegistryError";
}
