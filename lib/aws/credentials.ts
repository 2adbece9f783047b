import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { minuteMs } from '../model/units.ts';
import { clientSettings } from './aws.ts';

/** A client acts by them in the account of the role, which it assumes; without a role it acts in our own. */
export function credentialsOf({ region, roleArn }: { region: string; roleArn?: string }) {
  return (
    roleArn !== undefined && {
      credentials: fromTemporaryCredentials({
        params: { RoleArn: roleArn, RoleSessionName: 'serin' },
        clientConfig: { region, ...clientSettings },
      }),
    }
  );
}

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
type Expiring = Credentials & { expiration?: Date };

/** They are asked for anew so long before they end. */
const spareMs = 5 * minuteMs;

/** Credentials to sign with: of the role, or our own. Kept while they are good. */
export function signerOf({
  region,
  roleArn,
}: {
  region: string;
  roleArn?: string;
}): () => Promise<Credentials> {
  const chain = fromNodeProviderChain();
  const role = credentialsOf({ region, ...(roleArn !== undefined && { roleArn }) });
  const ask: () => Promise<Expiring> = role ? role.credentials : chain;
  let kept: Promise<Expiring> | undefined;
  return async () => {
    const known = await kept;
    const until = known?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    if (known && Date.now() < until - spareMs) return known;
    kept = ask();
    kept.catch(() => {
      kept = undefined;
    });
    return await kept;
  };
}
