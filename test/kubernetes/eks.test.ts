import { EKSClient } from '@aws-sdk/client-eks';
import { afterEach, describe, expect, it } from 'vitest';
import { eksAccess } from '../../lib/eks/signIn.ts';
import { Terminal, Transient } from '../../lib/errors.ts';
import { kubernetesCluster } from '../../lib/kubernetes/kubernetes.ts';
import { restApi } from '../../lib/simulate/apiServer/rest/api.ts';
import { restListener } from '../../lib/simulate/apiServer/rest/server.ts';
import { answer, type Seen, scripted } from './faults.ts';
import { namespace, rollout } from './objects.ts';
import { serve, simulation, startedAt } from './serve.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const region = 'eu-central-1';
const name = 'payments';
const ca = Buffer.from('a certificate').toString('base64');
const described = {
  cluster: {
    name,
    status: 'ACTIVE',
    endpoint: 'https://ABC.gr7.eu-central-1.eks.amazonaws.com',
    certificateAuthority: { data: ca },
  },
};

type Scene = {
  client: EKSClient;
  seen: Seen[];
  clock: { now: number };
  now: () => number;
};

async function eks(...replies: Parameters<typeof scripted>): Promise<Scene> {
  const { listener, seen } = scripted(...replies);
  const { server, close } = await serve(listener);
  closing.push(close);
  const client = new EKSClient({
    region,
    endpoint: server,
    maxAttempts: 1,
    credentials: {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'secret',
      sessionToken: `${'a+/b'.repeat(300)}==`,
    },
  });
  const clock = { now: startedAt };
  return { client, seen, clock, now: () => clock.now };
}

function urlOf(token: string): URL {
  expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
  return new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString());
}

describe('access to an EKS cluster', () => {
  it('is where DescribeCluster says', async () => {
    const { client, seen } = await eks(answer(200, described));
    const access = await eksAccess({ region, name, client })({ fresh: false });
    expect(access).toMatchObject({ server: described.cluster.endpoint, ca });
    expect(seen.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
      'GET /clusters/payments',
    ]);
    expect(seen[0]?.headers.authorization).toMatch(/\/eu-central-1\/eks\/aws4_request/);
  });

  it('is with a token as aws-iam-authenticator wants it', async () => {
    const { client, now } = await eks(answer(200, described));
    const { token = '' } = await eksAccess({ region, name, client, now })({ fresh: false });
    expect(Buffer.byteLength(token)).toBeLessThanOrEqual(4096);
    const url = urlOf(token);
    expect(url.origin).toBe('https://sts.eu-central-1.amazonaws.com');
    expect(url.pathname).toBe('/');
    expect([...url.searchParams.keys()].sort()).toEqual([
      'Action',
      'Version',
      'X-Amz-Algorithm',
      'X-Amz-Credential',
      'X-Amz-Date',
      'X-Amz-Expires',
      'X-Amz-Security-Token',
      'X-Amz-Signature',
      'X-Amz-SignedHeaders',
    ]);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      Version: '2011-06-15',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIDEXAMPLE/20260131/eu-central-1/sts/aws4_request',
      'X-Amz-Date': '20260131T120000Z',
      'X-Amz-Expires': '60',
      'X-Amz-Security-Token': `${'a+/b'.repeat(300)}==`,
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
    });
    expect(url.searchParams.get('X-Amz-Signature')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is signed for this cluster and no other, in China at another host', async () => {
    const { client, now } = await eks(answer(200, described));
    const tokenFor = async (cluster: string, where: string): Promise<URL> => {
      const signIn = eksAccess({ region: where, name: cluster, client, now });
      return urlOf((await signIn({ fresh: false })).token ?? '');
    };
    const [first, other] = [await tokenFor(name, region), await tokenFor('other', region)];
    const signature = 'X-Amz-Signature';
    expect(first.searchParams.get(signature)).not.toBe(other.searchParams.get(signature));
    expect((await tokenFor(name, region)).href).toBe(first.href);
    expect((await tokenFor(name, 'cn-north-1')).host).toBe('sts.cn-north-1.amazonaws.com.cn');
  });

  it('is remembered, its token for less than 14 minutes', async () => {
    const { client, seen, clock, now } = await eks(answer(200, described));
    const signIn = eksAccess({ region, name, client, now });
    const [first, again] = await Promise.all([signIn({ fresh: false }), signIn({ fresh: false })]);
    expect(again).toEqual(first);
    clock.now += 13 * 60_000;
    expect(await signIn({ fresh: false })).toEqual(first);
    clock.now += 60_000;
    const later = await signIn({ fresh: false });
    expect(later.token).not.toBe(first.token);
    expect(urlOf(later.token ?? '').searchParams.get('X-Amz-Date')).toBe('20260131T121400Z');
    expect(seen).toHaveLength(1);
  });

  it('ends with the credentials it was signed with', async () => {
    const { client, clock, now } = await eks(answer(200, described));
    const signer = async () => ({
      accessKeyId: `AKID${clock.now}`,
      secretAccessKey: 'secret',
      expiration: new Date(clock.now + 5 * 60_000),
    });
    const signIn = eksAccess({ region, name, client, signer, now });
    const first = await signIn({ fresh: false });
    clock.now += 4 * 60_000;
    expect(await signIn({ fresh: false })).toEqual(first);
    clock.now += 60_000;
    expect((await signIn({ fresh: false })).token).not.toBe(first.token);
  });

  it('is looked up afresh when it was refused, but not for every call', async () => {
    const moved = { cluster: { ...described.cluster, endpoint: 'https://moved' } };
    const { client, seen, clock, now } = await eks(answer(200, described), answer(200, moved));
    const signIn = eksAccess({ region, name, client, now });
    await signIn({ fresh: false });
    clock.now += 60_000;
    expect((await signIn({ fresh: true })).server).toBe('https://moved');
    await signIn({ fresh: true });
    expect(seen).toHaveLength(2);
  });

  it('is what was registered, until EKS has said otherwise', async () => {
    const at = { server: 'https://registered' };
    const throttled = answer(400, { __type: 'ThrottlingException', message: 'too many' });
    const { client, seen, clock, now } = await eks(throttled, answer(200, described));
    const signIn = eksAccess({ region, name, client, at, now });
    expect((await signIn({ fresh: false })).server).toBe(at.server);
    clock.now += 60_000;
    await expect(signIn({ fresh: true })).rejects.toThrow(Transient);
    expect((await signIn({ fresh: false })).server).toBe(at.server);
    expect(seen).toHaveLength(1);
    expect((await signIn({ fresh: true })).server).toBe(described.cluster.endpoint);
    expect((await signIn({ fresh: false })).server).toBe(described.cluster.endpoint);
    expect(seen).toHaveLength(2);
  });

  it.each([
    [404, 'ResourceNotFoundException', Terminal, /its region and its account/],
    [403, 'AccessDeniedException', Terminal, /eks:DescribeCluster/],
    [400, 'InvalidParameterException', Terminal, /EKS cluster payments in eu-central-1/],
    [429, 'ThrottlingException', Transient, /EKS cluster payments in eu-central-1/],
    [500, 'ServerException', Transient, /ServerException/],
    [503, 'ServiceUnavailableException', Transient, /payments/],
  ])('a %i %s is %o', async (code, type, kind, said) => {
    const refuse = answer(code, { __type: type, message: 'it says why' });
    const { client } = await eks(refuse, answer(200, described));
    const signIn = eksAccess({ region, name, client });
    const refused = signIn({ fresh: false });
    await expect(refused).rejects.toThrow(kind);
    await expect(refused).rejects.toThrow(said);
    expect((await signIn({ fresh: false })).ca).toBe(ca);
  });

  it.each([
    ['CREATING', Transient],
    ['FAILED', Terminal],
  ])('a cluster that is %s has no endpoint', async (state, kind) => {
    const { client } = await eks(answer(200, { cluster: { name, status: state } }));
    await expect(eksAccess({ region, name, client })({ fresh: false })).rejects.toThrow(kind);
  });

  it('opens a cluster', async () => {
    const { sim } = simulation();
    const api = restApi(sim);
    const tokens: string[] = [];
    const { server, close } = await serve(
      restListener((request) => {
        tokens.push(String(request.headers.authorization));
        return api(request);
      }),
    );
    closing.push(close);
    const here = { cluster: { ...described.cluster, endpoint: server } };
    const { client } = await eks(answer(200, here));
    const cluster = kubernetesCluster({
      signIn: eksAccess({ region, name, client }),
      doorbell: true,
    });
    await cluster.create('Rollout', rollout('web'));
    expect(await cluster.list('Rollout', namespace)).toHaveLength(1);
    expect(tokens.every((token) => token.startsWith('Bearer k8s-aws-v1.'))).toBe(true);
  });
});
