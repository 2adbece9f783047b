import { describe, expect, it } from 'vitest';
import { loadCedar } from '../../lib/access/cedar.ts';
import { checkPolicies, parsePolicies } from '../../lib/access/policies.ts';
import { actionGroups } from '../../lib/access/policySchema.ts';
import { verbNames } from '../../lib/commands/verbs.ts';
import { Transient } from '../../lib/errors.ts';
import type { Caller, Principal } from '../../lib/model/caller.ts';
import { path } from '../api/support.ts';
import { makeAccess, settingsText, startIssuer } from './support.ts';

const cedar = await loadCedar();

function caller(over: Partial<Principal> = {}): Caller {
  const principal: Principal = { kind: 'token', id: 'ada', groups: [], claims: {}, ...over };
  return { actor: { name: 'ada', proof: 'verified' }, principal };
}

const on = { cluster: 'prod', namespace: 'shop', name: 'front-api' };

/** Which of these actions the policies permit. */
function permitted(policies: string, who: Caller, where: Partial<typeof on> = on): string[] {
  const decide = parsePolicies(cedar, policies);
  const place = { cluster: '', namespace: '', ...where };
  return Object.keys(actionGroups).filter(
    (action) => decide({ caller: who, action, on: place }).allows,
  );
}

const everything = Object.keys(actionGroups);

describe('policies', () => {
  it.each(['read', 'tryAnalysis', ...verbNames])('may speak of %s', (action) => {
    const policy = `permit (principal, action == Action::"${action}", resource);`;
    expect(checkPolicies(cedar, policy)).toEqual([]);
    expect(permitted(policy, caller())).toEqual([action]);
  });

  it.each<[string, string, string[]]>([
    ['none', '', []],
    ['all', 'permit (principal, action, resource);', everything],
    ['a forbid alone', 'forbid (principal, action, resource);', []],
    [
      'a forbid over a permit',
      'permit (principal, action, resource); forbid (principal, action == Action::"undo", resource);',
      everything.filter((action) => action !== 'undo'),
    ],
    ['one action', 'permit (principal, action == Action::"read", resource);', ['read']],
    ['go', 'permit (principal, action in Action::"go", resource);', ['promote', 'resume', 'retry']],
    ['stop', 'permit (principal, action in Action::"stop", resource);', ['abort', 'pause']],
    [
      'change',
      'permit (principal, action in Action::"change", resource);',
      ['image', 'restart', 'undo'],
    ],
    [
      'command',
      'permit (principal, action in Action::"command", resource);',
      everything.filter((action) => action !== 'read' && action !== 'tryAnalysis'),
    ],
    ['its cluster', 'permit (principal, action, resource in Cluster::"prod");', everything],
    ['another cluster', 'permit (principal, action, resource in Cluster::"pro");', []],
    [
      'its namespace',
      'permit (principal, action, resource in Namespace::"prod/shop");',
      everything,
    ],
    ['a namespace elsewhere', 'permit (principal, action, resource in Namespace::"eu/shop");', []],
    [
      'its rollout',
      'permit (principal, action, resource == Rollout::"prod/shop/front-api");',
      everything,
    ],
    ['another rollout', 'permit (principal, action, resource == Rollout::"prod/shop/front");', []],
    [
      'a namespace of any cluster',
      'permit (principal, action, resource) when { resource.namespace == "shop" };',
      everything,
    ],
    [
      'names like this',
      'permit (principal, action, resource is Rollout) when { resource.name like "front-*" };',
      everything,
    ],
    ['itself', 'permit (principal == Token::"ada", action, resource);', everything],
    ['another', 'permit (principal == Token::"adam", action, resource);', []],
    ['its name as another kind', 'permit (principal == Iam::"ada", action, resource);', []],
    ['a group it is not in', 'permit (principal in Group::"releasers", action, resource);', []],
  ])('%s', (_name, policies, wanted) => {
    expect(permitted(policies, caller()).sort()).toEqual([...wanted].sort());
    expect(checkPolicies(cedar, policies)).toEqual([]);
  });

  it('see the groups, the claims, the account', () => {
    const inGroup = 'permit (principal in Group::"releasers", action == Action::"read", resource);';
    expect(permitted(inGroup, caller({ groups: ['x', 'releasers'] }))).toEqual(['read']);
    const byClaim = `permit (principal is Identity, action == Action::"read", resource)
      when { principal.issuer == "github" && principal.hasTag("environment") &&
        principal.getTag("environment") == "production" };`;
    expect(checkPolicies(cedar, byClaim)).toEqual([]);
    const job = (claims: Record<string, string>, id = 'github:repo:a') =>
      permitted(byClaim, caller({ kind: 'identity', id, claims }));
    expect(job({ environment: 'production' })).toEqual(['read']);
    expect(job({ environment: 'staging' })).toEqual([]);
    expect(job({})).toEqual([]);
    expect(job({ environment: 'production' }, 'gitlab:repo:a')).toEqual([]);
    const byAccount = `permit (principal is Iam, action == Action::"read", resource)
      when { principal.account == "111111111111" };`;
    const iam = (account: string) => caller({ kind: 'iam', id: 'arn:x', claims: { account } });
    expect(permitted(byAccount, iam('111111111111'))).toEqual(['read']);
    expect(permitted(byAccount, iam('222222222222'))).toEqual([]);
  });

  it('of a list are about its namespace', () => {
    const policies = 'permit (principal, action == Action::"read", resource in Cluster::"prod");';
    expect(permitted(policies, caller(), { cluster: 'prod', namespace: 'shop' })).toEqual(['read']);
    expect(permitted(policies, caller(), { cluster: 'eu', namespace: 'shop' })).toEqual([]);
    const one = 'permit (principal, action, resource == Rollout::"prod/shop/front-api");';
    expect(permitted(one, caller(), { cluster: 'prod', namespace: 'shop' })).toEqual([]);
  });

  it('do not speak of whoever runs a server of their own', () => {
    const policies = 'permit (principal, action, resource);';
    expect(permitted(policies, caller({ kind: 'local' }))).toEqual([]);
  });

  it('are not talked round by what claims hold', () => {
    const policies = 'permit (principal in Group::"admins", action, resource);';
    for (const odd of [
      '"], "parents": [{"type": "Group", "id": "admins"}]',
      '{"__entity": {"type": "Group", "id": "admins"}}',
      'Group::"admins"',
      '\u0000',
      '\ud800',
      '*',
    ]) {
      const claims = { [odd]: odd, __entity: odd, __extn: odd, __proto__: odd };
      for (const kind of ['identity', 'iam', 'token'] as const) {
        expect(permitted(policies, caller({ kind, id: `ci:${odd}`, claims }))).toEqual([]);
        expect(permitted(policies, caller({ kind, id: odd, groups: [odd] }))).toEqual([]);
      }
    }
  });

  it('go on for others after thousands of callers whose claims are no text', () => {
    const decide = parsePolicies(cedar, 'permit (principal is Identity, action, resource);');
    const who = { kind: 'identity', id: 'ci:a' } as const;
    const claims = { half: '\ud800' };
    for (let times = 0; times < 3000; times += 1) {
      const answer = decide({ caller: caller({ ...who, claims }), action: 'read', on });
      if (times === 0) expect(answer.errors).toEqual(['a claim or a name is no Unicode']);
      expect(answer.allows).toBe(false);
    }
    const written = { half: '\\ud800', whole: '\u{1f600}' };
    const after = decide({ caller: caller({ ...who, claims: written }), action: 'read', on });
    expect(after.allows).toBe(true);
  });

  it('that fail permit nothing: the one that failed may be the one that forbids', () => {
    const policies = `permit (principal, action, resource);
      forbid (principal, action, resource) when { principal.getTag("freeze") == "yes" };`;
    const decide = parsePolicies(cedar, policies);
    const answer = decide({ caller: caller(), action: 'read', on });
    expect(answer.allows).toBe(false);
    expect(answer.errors.join()).toContain('freeze');
    expect(checkPolicies(cedar, policies).some(({ isError }) => isError)).toBe(true);
  });
});

describe('a decision of the API', () => {
  const policies = `
    permit (principal in Group::"ci", action in [Action::"read", Action::"stop"],
      resource in Cluster::"prod");
    permit (principal in Group::"secret-admins", action, resource);`;

  async function stage() {
    const issuer = await startIssuer();
    const settings = { name: 'own', issuer: issuer.url, audience: 'serin', groups: ['ci'] };
    const made = await makeAccess(settingsText([settings], policies));
    return { issuer, settings, ...made, token: await issuer.sign({ exp: 9_999_999_999 }) };
  }

  it('says what was asked and that no policy permits it, and nothing of the policies', async () => {
    const { api, token } = await stage();
    const { status, body } = await api.post('promote', { token });
    expect([status, body.type]).toEqual([403, '/problems/forbidden']);
    expect(body.detail).toBe(
      'own:ada may not do this: no policy permits promote on rollout front-api in namespace shop ' +
        'of cluster prod.',
    );
    expect(JSON.stringify(body)).not.toMatch(/secret|Group|permit \(/);
    expect(api.invoked).toEqual([]);
    expect((await api.post('abort', { token })).status).toBe(202);
    expect((await api.get(path, { token })).status).toBe(200);
    const list = '/v1/clusters/prod/namespaces/shop/rollouts';
    expect((await api.get(list, { token })).status).toBe(200);
    const denied = await api.get(list.replace('prod', 'other'), { token });
    expect(denied.body.detail).toContain(
      'read on the rollouts in namespace shop of cluster other.',
    );
  });

  it('hides from those who may not read it whether a rollout is there', async () => {
    const { api, token } = await stage();
    const elsewhere = path.replace('prod', 'other');
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/history'],
      ['POST', '/abort'],
    ] as const) {
      const told = await api.send(method, `${elsewhere}${rest}`, { token });
      expect(told.status).toBe(403);
    }
  });

  it('fail nobody while the table is slow for a moment, be it at the first request of all', async () => {
    const { token, faults, documents, status, api, pass } = await stage();
    const slow = (times: number) => {
      let left = times;
      faults.get = async (key) => {
        left -= 1;
        if (left >= 0) throw new Transient('the table did not answer');
        return await documents.get(key);
      };
    };
    slow(1);
    expect(await status(token)).toBe(200);
    expect(api.logged).toEqual([]);
    // Read before, they hold for a quarter of an hour more.
    pass(61_000);
    slow(Number.POSITIVE_INFINITY);
    expect(await status(token)).toBe(200);
    pass(13 * 60_000);
    expect(await status(token)).toBe(200);
    pass(2 * 60_000);
    expect(await status(token)).toBe(503);
  });

  it('follows new settings within a minute, and damaged ones let nobody in', async () => {
    const { api, token, settings, apply, pass, logged, status } = await stage();
    expect(await status(token)).toBe(200);
    await apply(settingsText([settings], ''));
    pass(61_000);
    expect(await status(token)).toBe(403);
    await apply('issuers: []\nwaves: [first]\n');
    pass(61_000);
    const { status: code, body } = await api.get(path, { token });
    expect([code, body.type]).toEqual([503, '/problems/unavailable']);
    expect(JSON.stringify(body)).not.toContain('waves');
    expect(JSON.stringify(logged)).toContain('line 2: waves is not known here');
    await apply(settingsText([settings], policies));
    pass(6000);
    expect(await status(token)).toBe(200);
  });

  it('refuses all when the policies are no Cedar, and says why in the log', async () => {
    const { token, settings, apply, pass, status, api, who, mayNot } = await stage();
    await apply(settingsText([settings], 'permit (everybody);'));
    pass(61_000);
    expect(await status(token)).toBe(503);
    expect(api.logged).toEqual(['error who may do what could not be found out']);
    const question = { caller: (await who(token))!, action: 'read', on };
    await expect(mayNot(question)).rejects.toThrow(/^the policies are not understood .*everybody/);
  });
});
