import type { SdkError } from '../aws/aws.ts';
import { signerOf } from '../aws/credentials.ts';
import { type Signing, signedCall } from '../aws/signedCall.ts';
import { parameterOf } from '../aws/ssm.ts';
import { cache } from '../cache.ts';
import { NotFound, Terminal } from '../errors.ts';
import { Sha256 } from '../http/sha256.ts';
import { defined } from '../model/defined.ts';
import type { AwsSecretRef } from '../model/httpRequest.ts';
import { own } from '../model/own.ts';
import { type Millis, secondMs } from '../model/units.ts';
import type { Secrets } from '../world.ts';
import type { Account } from './account.ts';
import { measuringError } from './errors.ts';

/** How long a value is known, in memory: AWS counts the calls. */
const lifeMs: Millis = 30 * secondMs;
const keptMax = 500;

/** Parameters of Systems Manager and secrets of Secrets Manager, as the account's role may read them. */
export function secretsOf(account: Account, env = process.env): Secrets {
  const region = account.region ?? env.AWS_REGION ?? '';
  const { roleArn } = account;
  const signing = {
    credentials: signerOf({ region, ...defined({ roleArn }) }),
    region: async () => region,
    sha256: Sha256,
  } as Signing;
  const values = cache<string>({
    ...{ now: Date.now, lifeMs, max: keptMax },
    read: async (key) => await secretText(JSON.parse(key), signing, env),
  });
  return async (ref) => (await values(JSON.stringify(ref))).value;
}

async function secretText(
  ref: AwsSecretRef,
  signing: Signing,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  if ('ssm' in ref) {
    const what = `SSM parameter ${ref.ssm}`;
    return await parameterOf(ref.ssm, signing, env).catch((error: SdkError) => {
      throw measuringError(plain(error), {
        what,
        action: 'ssm:GetParameter on it, and kms:Decrypt',
      });
    });
  }
  const { secretsManager: name, key } = ref;
  const what = `secret ${name} of Secrets Manager`;
  const target = 'secretsmanager.GetSecretValue';
  const call = { service: 'secretsmanager', endpointName: 'SECRETS_MANAGER', target } as const;
  const answer: { SecretString?: string } = await signedCall(
    { ...call, body: { SecretId: name } },
    signing,
    env,
  ).catch((error: SdkError) => {
    const action = 'secretsmanager:GetSecretValue on it, and kms:Decrypt';
    throw measuringError(plain(error), { what, action });
  });
  const { SecretString: text } = answer;
  if (text === undefined) throw new Terminal(`${what} has no text`);
  return key === undefined ? text : keyOf(text, { what, key });
}

/** What fetch throws says in its cause what went wrong. */
function plain(error: SdkError): SdkError {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return code === undefined ? error : Object.assign(new Error(message), { name: error.name, code });
}

/** Its messages say nothing of the value. */
function keyOf(text: string, { what, key }: { what: string; key: string }): string {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    throw new Terminal(`${what} is not JSON, so it has no key ${key}`);
  }
  const value = own(fields as Record<string, unknown> | null, key);
  if (value === undefined) throw new NotFound(`${what} has no key ${key}`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
