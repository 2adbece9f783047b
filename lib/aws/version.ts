/** Set by the build (scripts/buildFunctions.ts); absent where the sources run as they are. */
declare const SERIN_VERSION: string | undefined;

export const version = typeof SERIN_VERSION === 'string' ? SERIN_VERSION : 'dev';

/** How the functions name themselves to an API server. */
export const userAgent = `serin/${version}`;
