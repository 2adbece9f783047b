import { NotFound, Terminal } from '../errors.ts';
import type { AwsSecretRef } from '../model/httpRequest.ts';
import type { ValueRef } from '../model/notification.ts';
import { own } from '../model/own.ts';
import type { Secrets } from '../world.ts';

/**
 * Reads what the settings refer to. `env`: of a process of one's own. A function has none for it: what is in
 * its environment is not an administrator's to send somewhere.
 */
export function valuesOf(
  secrets: Secrets,
  env?: Record<string, string | undefined>,
): (ref: ValueRef) => Promise<string> {
  return async (ref) => {
    const [, source = '', rest = ''] = /^(\w+):(.+)$/s.exec(ref) ?? [];
    if (source !== 'env') return await secrets(awsRef(source, rest));
    if (env === undefined) throw new Terminal(`${ref} is of \`serin run\` alone: use ssm: here`);
    const value = own(env, rest);
    if (value === undefined) throw new NotFound(`the environment has no variable ${rest}`);
    return value;
  };
}

function awsRef(source: string, rest: string): AwsSecretRef {
  if (source === 'ssm') return { ssm: rest };
  const [name = '', key] = rest.split('#');
  return { secretsManager: name, ...(key !== undefined && { key }) };
}
