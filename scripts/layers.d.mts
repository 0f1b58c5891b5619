/** Overrides of Biome that keep each layer from importing those above it. */
export function overrides(): object[];
