import { Terminal } from '../errors.ts';
import type { AwsSecretRef } from '../model/httpRequest.ts';
import type { Secrets } from '../world.ts';
import type { Account } from './account.ts';

/**
 * The secrets that measurements may have. With a role of their own, that says which. The function's own role
 * reads those of channels too, which whoever writes an AnalysisTemplate must not have sent somewhere.
 */
export function measuring(secrets: Secrets, { roleArn }: Account): Secrets {
  if (roleArn !== undefined) return secrets;
  return async (ref) => {
    if (isOfMeasurements(ref)) return await secrets(ref);
    const [name, where] =
      'ssm' in ref
        ? [ref.ssm, 'below metrics/ of the stack’s secretsPath']
        : [ref.secretsManager, 'named serin/metrics/…'];
    throw new Terminal(`${name} is no secret of measurements: those are ${where}`);
  };
}

/** An ARN may stand for the name. */
function isOfMeasurements(ref: AwsSecretRef): boolean {
  const name = 'ssm' in ref ? ref.ssm : ref.secretsManager;
  const [folder] = /(?<![^/:])(?:metrics|messages)\//.exec(name) ?? [];
  return folder === 'metrics/';
}
