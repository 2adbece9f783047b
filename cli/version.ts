import { packaged, textOf } from '../lib/packaged.ts';

/** How the command line names itself to an API server. */
export function ownUserAgent(): string {
  return `serin/${ownVersion()}`;
}

/** Serin's own version. */
export function ownVersion(): string {
  const manifest = textOf(packaged('.'), 'package.json');
  return (JSON.parse(manifest) as { version: string }).version;
}
