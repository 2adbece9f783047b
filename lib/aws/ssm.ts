import { SignatureV4 } from '@smithy/signature-v4';
import { Terminal, Transient } from '../errors.ts';
import type { SecretRef } from '../hooks/sender.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { dynamoClient } from '../store/dynamo.ts';
import { isPassing, type SdkError, sdkWords } from './aws.ts';

// One call of one service, whose SDK client would be a seventh of the bundle. It is signed by the SDK's
// signer, with the credentials and the region of a client that is there anyway.

const timeoutMs: Millis = 3 * secondMs;

type Config = ReturnType<typeof dynamoClient>['config'];

/** Reads SecureString parameters of SSM. */
export function ssmSecrets(
  { credentials, region, sha256 }: Pick<Config, 'credentials' | 'region' | 'sha256'>,
  env: Record<string, string | undefined>,
): (ref: SecretRef) => Promise<string> {
  return async ({ ssm }) => {
    const named = await region();
    const set = env.AWS_ENDPOINT_URL_SSM ?? env.AWS_ENDPOINT_URL;
    const { hostname, port, protocol, href } = new URL(
      set ?? `https://ssm.${named}.amazonaws.com/`,
    );
    const signer = new SignatureV4({ credentials, region: named, service: 'ssm', sha256 });
    const { headers, body } = await signer.sign({
      method: 'POST',
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path: '/',
      headers: {
        host: port === '' ? hostname : `${hostname}:${port}`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AmazonSSM.GetParameter',
      },
      body: JSON.stringify({ Name: ssm, WithDecryption: true }),
    });
    // fetch sets the host itself.
    const { host: _, ...sent } = headers;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(href, { method: 'POST', headers: sent, body, signal });
      return valueIn(response.status, (await response.json()) as Answer);
    } catch (error) {
      throw secretError(ssm, error as SdkError);
    }
  };
}

type Answer = {
  Parameter?: { Value?: string };
  __type?: string;
  message?: string;
  Message?: string;
};

function valueIn(status: number, answer: Answer): string {
  const { Parameter, __type: type = '', message, Message } = answer;
  if (status === 200) return Parameter?.Value ?? '';
  const name = type.replace(/^.*#/, '') || `answer ${status}`;
  const error = new Error(message ?? Message ?? '');
  throw Object.assign(error, { name, $metadata: { httpStatusCode: status } });
}

function secretError(ssm: string, error: SdkError): Error {
  const { code } = (error.cause ?? {}) as { code?: string };
  const said = `SSM parameter ${ssm}: ${sdkWords(error)}`;
  const passes = isPassing({ ...error, name: error.name, message: '', ...(code && { code }) });
  if (passes || error instanceof SyntaxError) return new Transient(said, { cause: error });
  const remedy =
    'check its name, and that this role may do ssm:GetParameter on it and kms:Decrypt with its key';
  return new Terminal(`${said}: ${remedy}`, { cause: error });
}
