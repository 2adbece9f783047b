import { MissingRight, Terminal } from '../errors.ts';
import type { AwsCredentials, CredentialsFor } from '../http/sigV4.ts';
import { forgetOldest } from '../model/forget.ts';
import type { MetricAws, Secrets } from '../world.ts';

/** Providers of credentials that are kept: manifests name regions and profiles. */
const providersMax = 200;

/** In whose name measurements ask AWS: the role's, or that of this process; its own region if absent. */
export type Account = { region?: string; roleArn?: string };

/** CloudWatch and functions. Their clients are loaded with the first question. */
export function metricAws(account: Account): MetricAws {
  let loaded: Promise<MetricAws> | undefined;
  const load = async (): Promise<MetricAws> => {
    loaded ??= import('./calls.ts').then(({ metricCalls }) => metricCalls(account));
    return await loaded;
  };
  return {
    metricData: async (input) => (await load()).metricData(input),
    invokeFunction: async (input) => (await load()).invokeFunction(input),
  };
}

/** Secrets of AWS, likewise. */
export function awsSecrets(account: Account): Secrets {
  let loaded: Promise<Secrets> | undefined;
  return async (ref) => {
    loaded ??= import('./secrets.ts').then(({ secretsOf }) => secretsOf(account));
    return await (await loaded)(ref);
  };
}

/**
 * The credentials that requests are signed with. A manifest may name the role that measures, and no other:
 * whoever writes one for one cluster would otherwise act in the name of another. Profiles are of whoever owns
 * the machine.
 */
export function signingCredentials(account: Account): CredentialsFor {
  const known = new Map<string, () => Promise<AwsCredentials>>();
  return async ({ region, roleArn, profile }) => {
    if (roleArn && roleArn !== account.roleArn) {
      throw new MissingRight(
        `sigv4: measurements of this cluster do not act as ${roleArn}`,
        'name the role that measures: `serin cluster add … --metrics-role ARN`, or ' +
          '`serin run --metrics-role ARN`',
      );
    }
    if (profile) {
      throw new Terminal(
        `sigv4: a manifest does not choose the profile ${profile}: leave profile out, and name the role ` +
          'that measures with --metrics-role ARN, or start the process with AWS_PROFILE',
      );
    }
    const role = roleArn || account.roleArn;
    const key = `${region} ${role ?? ''}`;
    const provider = known.get(key) ?? (await providerOf({ region, role }));
    known.set(key, provider);
    forgetOldest(known, providersMax);
    return await provider();
  };
}

async function providerOf({
  region,
  role,
}: {
  region: string;
  role: string | undefined;
}): Promise<() => Promise<AwsCredentials>> {
  const { signerOf } = await import('../aws/credentials.ts');
  return signerOf({ region, ...(role && { roleArn: role }) });
}
