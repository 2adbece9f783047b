/** A file of the package, by its path: from the sources and from the bundle, both one folder deep. */
export function packaged(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}
