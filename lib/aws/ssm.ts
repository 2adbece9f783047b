import { Terminal, Transient } from '../errors.ts';
import type { SecretRef } from '../hooks/sender.ts';
import { isPassing, type SdkError, sdkWords } from './aws.ts';
import { type Signing, signedCall } from './signedCall.ts';

/** Reads SecureString parameters of SSM. */
export function ssmSecrets(
  signing: Signing,
  env: Record<string, string | undefined>,
): (ref: SecretRef) => Promise<string> {
  return async ({ ssm }) => {
    try {
      return await parameterOf(ssm, signing, env);
    } catch (error) {
      throw secretError(ssm, error as SdkError);
    }
  };
}

type Answer = { Parameter?: { Value?: string } };

/** Rejects with what the service or the network says. */
export async function parameterOf(
  name: string,
  signing: Signing,
  env: Record<string, string | undefined>,
): Promise<string> {
  const body = { Name: name, WithDecryption: true };
  const target = 'AmazonSSM.GetParameter';
  const call = { service: 'ssm', endpointName: 'SSM', target, body } as const;
  const { Parameter }: Answer = await signedCall(call, signing, env);
  return Parameter?.Value ?? '';
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
