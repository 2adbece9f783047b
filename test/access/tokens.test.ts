import { describe, expect, it } from 'vitest';
import { iamCaller } from '../../lib/access/iam.ts';
import { newToken, tokenId, tokenPattern } from '../../lib/access/tokens.ts';
import { Transient } from '../../lib/errors.ts';
import { path } from '../api/support.ts';
import { makeAccess, permitAll, settingsText } from './support.ts';

async function stage(policies = permitAll) {
  const made = await makeAccess(settingsText([], policies));
  const token = newToken();
  const id = tokenId(token)!;
  const body = { name: 'nightly', groups: ['ci'], createdAt: Date.now(), createdBy: 'test' };
  await made.documents.put({
    ...{ kind: 'token', id, version: 0, body },
    expiresAt: Date.now() + 90 * 24 * 3_600_000,
  });
  return { ...made, token, id };
}

describe("a token of Serin's own", () => {
  it('is 256 random bits with a prefix and a checksum, and stands for its name', async () => {
    const { token, status, who } = await stage();
    expect(token).toMatch(tokenPattern);
    expect(token).toHaveLength(55);
    expect(new Set(Array.from({ length: 1000 }, newToken)).size).toBe(1000);
    expect(await status(token)).toBe(200);
    expect(await who(token)).toEqual({
      actor: { name: 'token:nightly', proof: 'verified' },
      principal: { kind: 'token', id: 'nightly', groups: ['ci'], claims: {} },
    });
  });

  it('is in the table by its SHA-256 only', async () => {
    const { token, documents } = await stage();
    const all = JSON.stringify(await documents.list({ kind: 'token' }, { limit: 10 }));
    expect(all).not.toContain(token);
    expect(all).not.toContain(token.slice(6, 30));
    expect(all).toContain(tokenId(token));
  });

  it('ends when it is revoked, at once', async () => {
    const { token, id, status, documents } = await stage();
    expect(await status(token)).toBe(200);
    await documents.remove({ kind: 'token', id }, 1);
    expect(await status(token)).toBe(401);
  });

  it('ends when its time is over', async () => {
    const { token, status, pass } = await stage();
    pass(90 * 24 * 3_600_000 - 1000);
    expect(await status(token)).toBe(200);
    pass(1000);
    expect(await status(token)).toBe(401);
  });

  it('that is malformed or made up is 401, the malformed without a look into the table', async () => {
    const { token, status, faults } = await stage();
    expect(await status(newToken())).toBe(401);
    const asked: string[] = [];
    faults.get = async (key) => {
      asked.push(key.kind);
      return undefined;
    };
    const last = token.endsWith('0') ? '1' : '0';
    for (const odd of [
      'serin_',
      token.slice(0, -1) + last,
      `${token}0`,
      token.slice(0, -1),
      token.toLowerCase(),
      token.replace('serin_', 'serin_ '),
      `serin_${tokenId(token)}`,
      `${token.slice(0, 20)}-${token.slice(21)}`,
    ]) {
      expect(await status(odd)).toBe(401);
    }
    expect(asked).toEqual([]);
    // What the table holds opens nothing.
    expect(await status(tokenId(token)!)).toBe(401);
  });

  it('cannot be told without the table: 503 with the command that does the same', async () => {
    const { token, api, faults } = await stage();
    faults.get = async () => {
      throw new Transient('table serin did not answer');
    };
    const { status, body } = await api.post('promote', { token });
    expect([status, body.type]).toEqual([503, '/problems/unavailable']);
    expect(body.detail).toContain('kubectl argo rollouts promote front-api -n shop');
    expect(api.invoked).toEqual([]);
  });
});

describe('who signed a request with AWS', () => {
  it.each([
    ['arn:aws:iam::123456789012:user/ci/deployer', undefined, ''],
    ['arn:aws:iam::123456789012:root', undefined, ''],
    [
      'arn:aws:sts::123456789012:assumed-role/Releaser/ada@example.com',
      'arn:aws:iam::123456789012:role/Releaser',
      'ada@example.com',
    ],
    [
      'arn:aws-cn:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0123abcd/eve',
      'arn:aws-cn:iam::123456789012:role/AWSReservedSSO_Ops_0123abcd',
      'eve',
    ],
    ['arn:aws:sts::123456789012:federated-user/bob', undefined, ''],
  ])('%s', (userArn, arn = userArn, session) => {
    expect(iamCaller({ userArn, accountId: '123456789012' })).toEqual({
      actor: { name: session === '' ? arn : `${arn} session ${session}`, proof: 'verified' },
      principal: {
        kind: 'iam',
        id: arn,
        groups: [],
        claims: { account: '123456789012', session },
      },
    });
  });

  it.each([
    [undefined],
    [null],
    ['arn:aws:iam::123456789012:user/x'],
    [{}],
    [{ userArn: 7 }],
    [{ userArn: '' }],
    [{ userArn: 'arn:aws:iam::123456789012:user/' }],
    [{ userArn: 'arn:aws:iam::12:user/x' }],
    [{ userArn: 'arn:aws:iam::123456789012:role/x' }],
    [{ userArn: 'arn:aws:s3::123456789012:user/x' }],
    [{ userArn: 'arn:aws:sts::123456789012:assumed-role/Releaser' }],
    [{ userArn: 'arn:aws:sts::123456789012:assumed-role/a/b/c' }],
    [{ userArn: 'arn:aws:iam::123456789012:user/x', accountId: '999999999999' }],
  ])('%j is nobody', (identity) => {
    expect(iamCaller(identity)).toBeUndefined();
  });

  it('goes by policies, whatever the session is called', async () => {
    const role = 'arn:aws:iam::123456789012:role/Releaser';
    const { signedBy, mayNot } = await stage(
      `permit (principal == Iam::"${role}", action, resource);`,
    );
    const on = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
    const may = async (resource: string) => {
      const userArn = `arn:aws:sts::123456789012:assumed-role/${resource}`;
      const caller = signedBy({ userArn, accountId: '123456789012' })!;
      return (await mayNot({ caller, action: 'abort', on })) === undefined;
    };
    expect([
      await may('Releaser/x'),
      await may('Other/Releaser'),
      await may('Releaser2/x'),
    ]).toEqual([true, false, false]);
  });
});

describe('before any settings were applied', () => {
  it('a token is known and may do nothing; identities are unknown', async () => {
    const { api, documents } = await makeAccess(undefined);
    const token = newToken();
    const body = { name: 'nightly', groups: [], createdAt: 0, createdBy: 'test' };
    await documents.put({ kind: 'token', id: tokenId(token)!, version: 0, body });
    expect((await api.get(path, { token })).status).toBe(403);
    expect((await api.get(path, { token: 'a.b.c' })).status).toBe(401);
  });
});
