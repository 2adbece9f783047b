import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as sea from 'node:sea';
import { fileURLToPath } from 'node:url';

/** A folder of files that Serin brings along. Names are paths in it, with slashes. */
export type Folder = {
  /** Of all files in it, sorted; none where there is no such folder. */
  names: () => string[];
  read: (name: string) => Buffer;
};

export function folderAt(place: URL | string): Folder {
  const path = typeof place === 'string' ? place : fileURLToPath(place);
  return {
    names: () => (existsSync(path) ? filesBelow(path) : []),
    read: (name) => readFileSync(join(path, name)),
  };
}

/** A folder of the package by its path: beside the sources, beside the bundle, or in the executable. */
export function packaged(path: 'dist' | 'dist/page' | 'examples' | 'infra/cluster' | '.'): Folder {
  // The sources and the bundle are both one folder deep.
  if (!sea.isSea()) return folderAt(new URL(`../${path}`, import.meta.url));
  const prefix = path === '.' ? '' : `${path}/`;
  return {
    names: () =>
      sea
        .getAssetKeys()
        .flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
        .sort(),
    read: (name) => Buffer.from(sea.getAsset(prefix + name)),
  };
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => relative(path, join(parentPath, name)).replaceAll('\\', '/'))
    .sort();
}

/** Serin's own version. */
export function ownVersion(): string {
  return (JSON.parse(textOf(packaged('.'), 'package.json')) as { version: string }).version;
}

/** The whole of a text among them. */
export function textOf(folder: Folder, name: string): string {
  return folder.read(name).toString('utf8');
}
