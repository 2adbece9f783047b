import type { SdkError } from '../aws/aws.ts';
import { measuringError } from '../measure/errors.ts';
import { secondMs } from '../model/units.ts';

/**
 * Nobody waits for a message. One whose answer does not come may have been sent, so that it is not called
 * again before its next try.
 */
export const patientSettings = {
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: 2 * secondMs,
    requestTimeout: 10 * secondMs,
    throwOnRequestTimeout: true,
  },
} as const;

/** A client of the SDK, which is loaded when it is first used. */
export type SdkOf<Sdk, Client> = {
  load: () => Promise<Sdk>;
  open: (sdk: Sdk, region: string) => Client;
};

const clients = new Map<SdkOf<never, never>, Map<string, unknown>>();

/** Makes a call with the client of a region. Its errors are those of lib/errors.ts. */
export async function calling<Sdk, Client, Answer>(
  sdk: SdkOf<Sdk, Client>,
  region: string,
  what: { what: string; action: string },
  call: (client: Client, sdk: Sdk) => Promise<Answer>,
): Promise<Answer> {
  const loaded = await sdk.load();
  const known = clients.get(sdk as never) ?? new Map<string, unknown>();
  clients.set(sdk as never, known);
  const client = (known.get(region) as Client | undefined) ?? sdk.open(loaded, region);
  known.set(region, client);
  return await call(client, loaded).catch((error: SdkError) => {
    throw measuringError(error, what);
  });
}

/** That of an ARN. */
export function regionOf(arn: string, own: string): string {
  return arn.split(':')[3] || own;
}
