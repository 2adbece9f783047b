import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Folder } from '../packaged.ts';

/** A file as it is sent: plain, and packed where the build has packed it. */
export type PageFile = { type: string; etag: string; plain: Buffer; br?: Buffer; gzip?: Buffer };

/** By path, such as `/index.html` and `/assets/main-ABCD.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const etagLength = 16;

/** As it stands in the header. */
export function etagOf(plain: Buffer): string {
  return `"${createHash('sha256').update(plain).digest('base64url').slice(0, etagLength)}"`;
}

/** What `scripts/buildPage.ts` made of the page; empty where it was not built. */
export function readPageFiles(folder: Folder): PageFiles {
  const names = folder.names();
  const read = (name: string) => (names.includes(name) ? folder.read(name) : undefined);
  const found = new Map<string, PageFile>();
  for (const name of names) {
    const type = types[extname(name)];
    const plain = type === undefined ? undefined : read(name);
    if (type === undefined || plain === undefined) continue;
    const [br, gzip] = [read(`${name}.br`), read(`${name}.gz`)];
    found.set(`/${name}`, {
      ...{ type, etag: etagOf(plain), plain },
      ...(br && { br }),
      ...(gzip && { gzip }),
    });
  }
  return found;
}
