import { EKSClient } from '@aws-sdk/client-eks';
import { SignatureV4 } from '@smithy/signature-v4';
import { credentialsOf } from '../aws/credentials.ts';
import { cache } from '../cache.ts';
import type { Access, SignIn } from '../kubernetes/transport.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import { describeCluster, eksError } from './describe.ts';

export type EksOptions = {
  region: string;
  /** The cluster's name in EKS, which it also signs its tokens with. */
  name: string;
  /** Asks where the cluster is; a cluster of another account wants a client of that account. */
  client?: EKSClient;
  /** Where it was when it was registered: EKS is asked only once that is refused. */
  at?: Access;
  /** Signs the token: whose identity the cluster sees. The role this process runs as, if absent. */
  signer?: EKSClient['config']['credentials'];
  now?: () => Millis;
};

// EKS takes a token for 15 minutes from its date, whatever its X-Amz-Expires says:
// aws-iam-authenticator pkg/token/token.go
const tokenLifeMs = 14 * minuteMs;
const tokenPrefix = 'k8s-aws-v1.';
const signedExpirySeconds = 60;
/** The time left that a token must have to be used. */
const spareMs = 30 * secondMs;
/** A refusal right after a fresh sign-in is not due to anything remembered. */
const refreshMinMs = 10 * secondMs;
const longestTokenBytes = 4096;

/** Signs in to an EKS cluster: its address and CA from EKS, a token signed for STS. */
export function eksAccess(options: EksOptions): SignIn {
  const { region, name, at, now = Date.now, client = eksClient({ region }) } = options;
  const signer = options.signer ?? client.config.credentials;
  const { sha256 } = client.config;
  const address = cache({
    ...{ now, lifeMs: Number.POSITIVE_INFINITY },
    read: () => whereIs(client, { region, name }),
  });
  const token = cache({
    now,
    read: () => signToken({ region, name, signer, sha256, at: now() }),
    lifeMs: ({ expiresAt }) => expiresAt - spareMs - now(),
  });
  let registered = at;
  return async ({ fresh }) => {
    const where = fresh ? undefined : registered;
    const ageMaxMs = fresh ? refreshMinMs : Number.POSITIVE_INFINITY;
    const [access, { value }] = await Promise.all([
      where ?? address('', ageMaxMs).then((kept) => kept.value),
      token('', ageMaxMs),
    ]);
    // As long as EKS does not answer, what was registered may well be right: a token can be refused as well.
    if (where === undefined) registered = undefined;
    return { ...access, token: value.text };
  };
}

/** A client of the account that `roleArn` is in, which is assumed; of our own without one. */
export function eksClient(account: { region: string; roleArn?: string }): EKSClient {
  return new EKSClient({
    region: account.region,
    ...credentialsOf(account),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 2 * secondMs,
      requestTimeout: 5 * secondMs,
      throwOnRequestTimeout: true,
    },
  });
}

async function whereIs(
  client: EKSClient,
  place: { region: string; name: string },
): Promise<Access> {
  const { endpoint, ca } = await describeCluster(client, place);
  return { server: endpoint, ca };
}

type Token = { text: string; expiresAt: Millis };
type Signing = {
  region: string;
  name: string;
  signer: EKSClient['config']['credentials'];
  sha256: EKSClient['config']['sha256'];
  at: Millis;
};

/** A call of GetCallerIdentity, signed but not made: EKS makes it, and so learns who we are. */
async function signToken({ region, name, signer, sha256, at }: Signing): Promise<Token> {
  const hostname = `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  try {
    const credentials = await signer();
    const signature = new SignatureV4({ credentials, region, service: 'sts', sha256 });
    const request = await signature.presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname,
        path: '/',
        query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
        headers: { host: hostname, 'x-k8s-aws-id': name },
      },
      { expiresIn: signedExpirySeconds, signingDate: new Date(at) },
    );
    const query = new URLSearchParams(request.query as Record<string, string>);
    const url = Buffer.from(`https://${hostname}/?${query}`);
    const text = tokenPrefix + url.toString('base64url');
    if (url.length > longestTokenBytes || text.length > longestTokenBytes) {
      throw new Error(`a token of ${text.length} bytes is longer than EKS takes`);
    }
    // Nothing signed outlives what it was signed with.
    const ends = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    return { text, expiresAt: Math.min(at + tokenLifeMs, ends) };
  } catch (error) {
    throw eksError(error, `a token for the EKS cluster ${name}`);
  }
}
