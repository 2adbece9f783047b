import { EKSClient } from '@aws-sdk/client-eks';
import { describe, expect, it } from 'vitest';
import { eksAccess } from '../../lib/eks/signIn.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { region } from './services.ts';
import { verifyToken } from './tokenWebhook.ts';

// The token that Serin signs, held against what EKS makes of one: shape, cluster, age and signature.

const arn = 'arn:aws:sts::123456789012:assumed-role/serin-reconcile/reconcile';
const role = 'arn:aws:iam::123456789012:role/serin-reconcile';
const session = 'session+of/reconcile==';
const keys = new Map([['ASIATEST', { secret: 'the secret', sessionToken: session, arn }]]);
const options = {
  clusterName: 'prod',
  keys,
  entries: [{ arn: role, groups: ['serin:controller'] }],
};
const signedAt = Date.parse('2026-11-22T10:00:00Z');

async function sign({ name = 'prod', secret = 'the secret', sessionToken = session } = {}) {
  const client = new EKSClient({
    region,
    credentials: { accessKeyId: 'ASIATEST', secretAccessKey: secret, sessionToken },
  });
  const at = { server: 'https://127.0.0.1:1' };
  const access = eksAccess({ region, name, client, at, now: () => signedAt });
  return (await access({ fresh: false })).token ?? '';
}

/** The token with another URL in it. */
function changed(token: string, change: (url: URL) => void): string {
  const url = new URL(Buffer.from(token.replace('k8s-aws-v1.', ''), 'base64url').toString());
  change(url);
  return `k8s-aws-v1.${Buffer.from(url.href).toString('base64url')}`;
}

describe('the token for an EKS cluster', () => {
  it('makes its role a user in the groups of the access entry', async () => {
    expect(verifyToken(await sign(), options, signedAt)).toEqual({
      user: { username: arn, groups: ['serin:controller'] },
    });
  });

  it('is good for 15 minutes from its date, by a clock that is 5 minutes behind too', async () => {
    const token = await sign();
    const at = (minutes: number) => verifyToken(token, options, signedAt + minutes * minuteMs);
    expect(at(14.9)).toHaveProperty('user');
    expect(at(15)).toEqual({ refused: expect.stringMatching(/not good any more/) });
    expect(at(-5)).toHaveProperty('user');
    expect(at(-5.1)).toHaveProperty('refused');
  });

  it.each([
    ['another cluster', { name: 'other' }, /not of this request/],
    ['another secret', { secret: 'guessed' }, /not of this request/],
    ['another session', { sessionToken: 'theirs' }, /the session is another/],
  ])('is refused when signed for or with %s', async (_what, over, said) => {
    const verdict = verifyToken(await sign(over), options, signedAt);
    expect(verdict).toEqual({ refused: expect.stringMatching(said) });
  });

  it.each<[string, (url: URL) => void, RegExp]>([
    [
      'a later date',
      (url) => url.searchParams.set('X-Amz-Date', '20261122T100001Z'),
      /not of this/,
    ],
    ['a longer life', (url) => url.searchParams.set('X-Amz-Expires', '900'), /not of this/],
    ['another action', (url) => url.searchParams.set('Action', 'AssumeRole'), /another action/],
    ['a parameter more', (url) => url.searchParams.set('RoleArn', 'x'), /it has RoleArn/],
    [
      'a parameter twice',
      (url) => url.searchParams.append('Action', 'GetCallerIdentity'),
      /not of this/,
    ],
    [
      'another host',
      (url) => {
        url.host = 'sts.example.com';
      },
      /it is for sts.example.com/,
    ],
    [
      'without the cluster among what is signed',
      (url) => url.searchParams.set('X-Amz-SignedHeaders', 'host'),
      /it signs host/,
    ],
  ])('is refused with %s', async (_what, change, said) => {
    const verdict = verifyToken(changed(await sign(), change), options, signedAt);
    expect(verdict).toEqual({ refused: expect.stringMatching(said) });
  });

  it('is refused without an access entry', async () => {
    const verdict = verifyToken(await sign(), { ...options, entries: [] }, signedAt);
    expect(verdict).toEqual({ refused: `${role} has no access entry` });
  });
});
