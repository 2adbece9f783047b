import { readFileSync } from 'node:fs';
import { packaged } from './packaged.ts';

/** Serin's own version. */
export function ownVersion(): string {
  const manifest = readFileSync(packaged('package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
