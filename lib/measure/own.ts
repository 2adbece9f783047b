import { Terminal } from '../errors.ts';
import type { AwsSecretRef } from '../model/httpRequest.ts';
import type { MetricAws, Secrets } from '../world.ts';
import { type Account, awsSecrets, metricAws } from './account.ts';

// What a manifest names is answered only where an administrator opened it to measurements. The process that
// measures may do more: read secrets of channels, call functions. docs/adr/0106-what-a-manifest-may-name.md

/**
 * `stack`: the role of the stack's functions bounds what is read, below a path that the stack has chosen.
 * Elsewhere the credentials may be anybody's, and the path is fixed.
 */
type Bounds = { stack: boolean };

/** AWS, as measurements may ask it in the account's name. */
export function measuringAws(
  account: Account,
  bounds: Bounds,
): { aws: MetricAws; secrets: Secrets } {
  return {
    aws: measuringFunctions(metricAws(account), account),
    secrets: measuring(awsSecrets(account), account, bounds),
  };
}

const roleRemedy = 'or have a role measure that may use it (--metrics-role ARN)';

/** Its name, or its ARN or the end of that; a version may follow. */
const ownFunction =
  /^(?:(?:arn:[\w-]+:lambda:[a-z\d-]+:)?\d{12}:function:)?serin-metric-[\w-]*(?::[\w-]+)?$/;

/** The functions that measurements may call: with a role of their own, that says which. */
function measuringFunctions(aws: MetricAws, { roleArn }: Account): MetricAws {
  if (roleArn !== undefined) return aws;
  return {
    ...aws,
    invokeFunction: async (input) => {
      if (ownFunction.test(input.functionName)) return await aws.invokeFunction(input);
      throw new Terminal(
        `${input.functionName} is no function of measurements: those are named serin-metric-…; ` +
          `name one so, ${roleRemedy}`,
      );
    },
  };
}

/**
 * The secrets that measurements may have. With a role of their own, that says which. The process itself
 * reads those of channels too, which whoever writes an AnalysisTemplate must not have sent somewhere.
 */
export function measuring(secrets: Secrets, { roleArn }: Account, { stack }: Bounds): Secrets {
  if (roleArn !== undefined) return secrets;
  return async (ref) => {
    if (stack ? isInMetricsFolder(ref) : isBelowOwnPath(ref)) return await secrets(ref);
    const [name, where] =
      'ssm' in ref
        ? [ref.ssm, stack ? 'below metrics/ of the stack’s secretsPath' : 'below /serin/metrics/']
        : [ref.secretsManager, 'named serin/metrics/…'];
    throw new Terminal(
      `${name} is no secret of measurements: those are ${where}; name one so, ${roleRemedy}`,
    );
  };
}

/** An ARN may stand for the name. */
function isInMetricsFolder(ref: AwsSecretRef): boolean {
  const name = 'ssm' in ref ? ref.ssm : ref.secretsManager;
  const [folder] = /(?<![^/:])(?:metrics|messages)\//.exec(name) ?? [];
  return folder === 'metrics/';
}

function isBelowOwnPath(ref: AwsSecretRef): boolean {
  return 'ssm' in ref
    ? /^(?:arn:[\w-]+:ssm:[\w-]+:\d+:parameter)?\/serin\/metrics\//.test(ref.ssm)
    : /^(?:arn:[\w-]+:secretsmanager:[\w-]+:\d+:secret:)?serin\/metrics\//.test(ref.secretsManager);
}
