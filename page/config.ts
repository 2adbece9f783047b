import type { SignIn } from '../lib/web/signIn.ts';

/** Set by the build (scripts/page.ts). */
declare const SERIN_VERSION: string;

/** Of this page. */
export const version = SERIN_VERSION;

/** `isMissing`: it could not be had. */
export type Config = { version?: string; signIn?: SignIn; isMissing?: true };

let known: Promise<Config> | undefined;

/** As it is at the moment. */
export async function fetchConfig(): Promise<Config> {
  try {
    const response = await fetch('/config.json', { credentials: 'omit' });
    return await response.json();
  } catch {
    return { isMissing: true };
  }
}

/** How people sign in here. The API answers nobody unknown, so that it cannot be asked. */
export async function readConfig(): Promise<Config> {
  known ??= fetchConfig();
  const config = await known;
  // What was not there may be there the next time, such as an issuer that did not answer.
  if (config.isMissing || config.signIn?.server === undefined) known = undefined;
  return config;
}
