import { SignatureV4 } from '@smithy/signature-v4';
import { type Millis, secondMs } from '../model/units.ts';
import type { dynamoClient } from '../store/dynamo.ts';

// Single calls of services whose SDK clients would be a seventh of the bundle each. They are signed by the
// SDK's signer.

const timeoutMs: Millis = 3 * secondMs;

type Config = ReturnType<typeof dynamoClient>['config'];
export type Signing = Pick<Config, 'credentials' | 'region' | 'sha256'>;
type Env = Record<string, string | undefined>;

/** `target`: the operation, as AWS' JSON protocol names it. `endpointName`: of the variable that sets one. */
export type SignedCall = {
  service: 'ssm' | 'secretsmanager';
  endpointName: string;
  target: string;
  body: object;
};

type ErrorBody = { __type?: string; message?: string; Message?: string };

/** The answer's JSON. Rejects as the SDK does: with an error of the service's name and its status. */
export async function signedCall(
  { service, endpointName, target, body: input }: SignedCall,
  { credentials, region, sha256 }: Signing,
  env: Env,
): Promise<object> {
  const named = await region();
  const set = env[`AWS_ENDPOINT_URL_${endpointName}`] ?? env.AWS_ENDPOINT_URL;
  const { hostname, port, protocol, href } = new URL(
    set ?? `https://${service}.${named}.amazonaws.com/`,
  );
  const signer = new SignatureV4({ credentials, region: named, service, sha256 });
  const { headers, body } = await signer.sign({
    method: 'POST',
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: '/',
    headers: {
      host: port === '' ? hostname : `${hostname}:${port}`,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
    },
    body: JSON.stringify(input),
  });
  // fetch sets the host itself.
  const { host: _, ...sent } = headers;
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(href, { method: 'POST', headers: sent, body, signal });
  const answer = (await response.json()) as ErrorBody;
  if (response.status === 200) return answer;
  const { __type: type = '', message, Message } = answer;
  const name = type.replace(/^.*#/, '') || `answer ${response.status}`;
  const error = new Error(message ?? Message ?? '');
  throw Object.assign(error, { name, $metadata: { httpStatusCode: response.status } });
}
