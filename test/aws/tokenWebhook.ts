import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBody, type Serving, serveHere } from './http.ts';
import { type Keys, verifyQuery } from './sigv4.ts';

// What EKS has beside its API server: the authenticator that makes an IAM role out of a token. EKS sends
// the signed request on to STS; here its signature is checked with the key, which is known.

/** An access entry: the groups that a role is in, in the cluster. */
export type AccessEntry = { arn: string; groups: string[] };

type Asked = { user?: string; refused?: string };

export type TokenWebhook = Serving & {
  /** The file that --authentication-token-webhook-config-file names. */
  config: string;
  /** What became of each token that was shown. */
  asked: Asked[];
};

type Options = { clusterName: string; keys: Keys; entries: AccessEntry[] };

export async function startTokenWebhook(options: Options): Promise<TokenWebhook> {
  const asked: Asked[] = [];
  const serving = await serveHere(async (request, response) => {
    const review = JSON.parse(String(await readBody(request)));
    const verdict = verifyToken(String(review.spec?.token ?? ''), options);
    asked.push('user' in verdict ? { user: verdict.user.username } : verdict);
    const status =
      'user' in verdict ? { authenticated: true, user: verdict.user } : { authenticated: false };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status }),
    );
  });
  const dir = mkdtempSync(join(tmpdir(), 'serin-tokens-'));
  const config = join(dir, 'token-webhook.json');
  writeFileSync(config, JSON.stringify(webhookConfig(serving.url)));
  const stop = async () => {
    await serving.stop();
    rmSync(dir, { recursive: true });
  };
  return { ...serving, stop, config, asked };
}

function webhookConfig(server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'authenticator', cluster: { server: `${server}/authenticate` } }],
    users: [{ name: 'api-server', user: {} }],
    contexts: [{ name: 'it', context: { cluster: 'authenticator', user: 'api-server' } }],
    'current-context': 'it',
  };
}

const prefix = 'k8s-aws-v1.';
/** From its date on, whatever it says itself: aws-iam-authenticator pkg/token/token.go */
const lifeMs = 15 * 60_000;
const bytesMax = 4096;
const allowed = new Set([
  ...['Action', 'Version', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires'],
  ...['X-Amz-Security-Token', 'X-Amz-Signature', 'X-Amz-SignedHeaders'],
]);

type User = { username: string; groups: string[] };

/** Whose token it is, by the rules of aws-iam-authenticator. */
export function verifyToken(
  token: string,
  { clusterName, keys, entries }: Options,
  now = Date.now(),
): { user: User } | { refused: string } {
  if (token.length > bytesMax) return { refused: 'it is too long' };
  if (!token.startsWith(prefix)) return { refused: `it does not begin with ${prefix}` };
  const text = Buffer.from(token.slice(prefix.length), 'base64url').toString();
  if (!URL.canParse(text)) return { refused: 'it is no URL' };
  const { protocol, host, pathname, searchParams } = new URL(text);
  if (protocol !== 'https:' || pathname !== '/') return { refused: `it is for ${text}` };
  if (!/^sts\.[a-z0-9-]+\.amazonaws\.com$/.test(host)) return { refused: `it is for ${host}` };
  const surplus = [...searchParams.keys()].filter((name) => !allowed.has(name));
  if (surplus.length > 0) return { refused: `it has ${surplus}` };
  if (searchParams.get('Action') !== 'GetCallerIdentity') return { refused: 'another action' };
  const names = searchParams.get('X-Amz-SignedHeaders');
  if (names !== 'host;x-k8s-aws-id') return { refused: `it signs ${names}` };
  const headers = { host, 'x-k8s-aws-id': clusterName };
  const request = { method: 'GET', path: '/', query: searchParams, headers, body: '' };
  const verdict = verifyQuery({ ...request, service: 'sts', now }, keys, lifeMs);
  if ('refused' in verdict) return verdict;
  const role = roleOf(verdict.arn);
  const entry = entries.find(({ arn }) => arn === role);
  if (!entry) return { refused: `${role} has no access entry` };
  return { user: { username: verdict.arn, groups: entry.groups } };
}

/** The role of a session: access entries name roles. */
function roleOf(arn: string): string {
  const [, account, role] = /^arn:aws:sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return role === undefined ? arn : `arn:aws:iam::${account}:role/${role}`;
}
