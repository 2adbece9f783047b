import { readFileSync } from 'node:fs';
import { packaged } from './packaged.ts';

/** How the command line names itself to an API server. */
export function ownUserAgent(): string {
  return `serin/${ownVersion()}`;
}

/** Serin's own version. */
export function ownVersion(): string {
  const manifest = readFileSync(packaged('package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
