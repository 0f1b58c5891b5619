/** Base of everything ResourceX reports. */
export class ResourceXError extends Error {
  override readonly name: string = "ResourceXError";
}

/** A locator cannot be a place in the storage or a part of a request. */
export class LocatorError extends ResourceXError {
  override readonly name = "LocatorError";
}

/** A manifest lacks a field, or `resource.json` is none. */
export class ManifestError extends ResourceXError {
  override readonly name = "ManifestError";
}

/** An archive or a folder holds what it must not, more than it may, or not what was asked for. */
export class ContentError extends ResourceXError {
  override readonly name = "ContentError";
}

/** A type is unknown, malformed or already there, or arguments are not what its schema says. */
export class ResourceTypeError extends ResourceXError {
  override readonly name = "ResourceTypeError";
}

/** A resource is not there, cannot be fetched, or must not be trusted. */
export class RegistryError extends ResourceXError {
  override readonly name = "RegistryError";
}
