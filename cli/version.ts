import { ownVersion } from '../lib/packaged.ts';

/** How the command line names itself to an API server. */
export function ownUserAgent(): string {
  return `serin/${ownVersion()}`;
}
