import { fromEnv } from '@aws-sdk/credential-providers';

/** Stands in the functions for the SDK's chain of providers: see buildFunctions.ts. */
export function defaultProvider() {
  return fromEnv();
}
