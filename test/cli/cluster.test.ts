import { describe, expect, it } from 'vitest';
import { blankRecord } from '../../lib/record/blank.ts';
import { secretHash } from '../../lib/registry/webhookSecret.ts';
import { adminShell, eks } from './awsStage.ts';
import { serin, view } from './support.ts';

const addLine = 'cluster add prod --region eu-central-1 --eks-name shop-prod';

function urlIn(out: string): { name: string; secret: string } {
  const [, name = '', secret = ''] =
    /https:\/\/api\.example\/v1\/doorbell\/([^/]+)\/([\w-]{43})\n/.exec(out) ?? [];
  return { name, secret };
}

describe('cluster add', () => {
  it('registers what EKS says, shows the doorbell once and says what is next', async () => {
    const { store, run } = await adminShell();
    await eks({});
    const { code, out, err } = await run(addLine);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { name, secret } = urlIn(out);
    expect(name).toBe('prod');
    const kept = await store.documents.get({ kind: 'cluster', id: 'prod' });
    expect(kept?.body).toMatchObject({
      ...{
        name: 'prod',
        region: 'eu-central-1',
        eksName: 'shop-prod',
        addedBy: expect.stringMatching(/^.+@.+$/),
      },
      ...{ endpoint: 'https://ABC.eks.example', egress: 'AWS_MANAGED', isPrivate: false },
      // Until it is known to be at work, the cluster is polled.
      doorbell: { webhookEnabled: false, secrets: [{ sha256: secretHash(secret) }] },
    });
    expect(JSON.stringify(kept)).not.toContain(secret);
    const order = [
      'serin adopt',
      'serin crds',
      'create-access-entry',
      'helm upgrade',
      'cluster check',
    ];
    const places = order.map((each) => out.lastIndexOf(each));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    const listed = await run('cluster list');
    expect(listed.out).toMatch(/^prod +shop-prod +eu-central-1 +- +public +polled/m);
    expect((await run('cluster list -o json')).out).not.toContain(secretHash(secret));
  });

  it('the same again changes nothing, and writes what EKS says anew', async () => {
    const { store, run } = await adminShell();
    const { facts } = await eks({});
    await run(addLine);
    const first = await store.documents.get({ kind: 'cluster', id: 'prod' });
    const again = await run(addLine);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toMatch(/registered already: .*; nothing changed\.\n$/);
    expect(await store.documents.get({ kind: 'cluster', id: 'prod' })).toEqual(first);
    facts.endpoint = 'https://moved.eks.example';
    expect((await run(addLine)).out).toMatch(/written anew: endpoint\.\n$/);
    const now = await store.documents.get({ kind: 'cluster', id: 'prod' });
    expect(now?.body).toEqual({
      ...first?.body,
      endpoint: facts.endpoint,
      doorbell: now?.body.doorbell,
    });
    expect(now?.body.doorbell.secrets).toEqual(first?.body.doorbell.secrets);
  });

  it('names what measurements may ask, keeps it, and takes it away', async () => {
    const { store, run } = await adminShell();
    await eks({});
    const entry = async () => (await store.documents.get({ kind: 'cluster', id: 'prod' }))?.body;
    const role = 'arn:aws:iam::222222222222:role/serin-metrics';
    await run(`${addLine} --metrics monitoring/prometheus:9090 --metrics-role ${role}`);
    const named = { metrics: ['monitoring/prometheus:9090'], metricsRoleArn: role };
    expect(await entry()).toMatchObject(named);
    expect((await run(addLine)).out).toMatch(/nothing changed/);
    expect(await entry()).toMatchObject(named);
    const taken = await run(`${addLine} --no-metrics --no-metrics-role`);
    expect(taken.out).toMatch(/written anew: metricsRoleArn, metrics\./);
    expect(await entry()).not.toHaveProperty('metrics');
    expect(await entry()).not.toHaveProperty('metricsRoleArn');
    const bad = await run(`${addLine} --metrics prometheus`);
    expect(bad).toMatchObject({ code: 2, out: '' });
    expect(bad.err).toMatch(/"prometheus" is not a Service's address/);
  });

  it('a name or a cluster that is taken is refused', async () => {
    const { store, run } = await adminShell();
    await eks({});
    await run(addLine);
    const other = await run('cluster add prod --region us-east-1 --eks-name shop-prod');
    expect(other).toMatchObject({ code: 1, out: '' });
    expect(other.err).toMatch(
      /prod is the EKS cluster shop-prod in eu-central-1: take another name/,
    );
    const twin = await run('cluster add prod2 --region eu-central-1 --eks-name shop-prod');
    expect(twin).toMatchObject({ code: 1, out: '' });
    expect(twin.err).toMatch(/registered already, as prod\n/);
    expect((await store.documents.list({ kind: 'cluster' }, { limit: 9 })).items).toHaveLength(1);
  });

  it.each([
    ['no cluster', {}, 'cluster add a --region eu-central-1', 1, /check its name, its region/],
    ['by config map', { mode: 'CONFIG_MAP' }, addLine, 1, /authenticationMode=API_AND_CONFIG_MAP/],
    ['private', { isPublic: false }, addLine, 1, /reaches vpc-1, and say so with --vpc/],
    ['on its way out', { status: 'DELETING' }, addLine, 1, /is DELETING/],
    ['no region', {}, `${addLine} --region mars`, 2, /"mars" is not an AWS region/],
    ['no role', {}, `${addLine} --role-arn serin`, 2, /"serin" is not the ARN of a role/],
    ['no name', {}, 'cluster add a/b --region eu-central-1', 2, /"a\/b" is not a name/],
    ['plain http', {}, `${addLine} --server http://api.example`, 2, /https:\/\/ only/],
  ])('%s is refused, and nothing is written', async (_, facts, line, code, said) => {
    const { store, run } = await adminShell();
    await eks(facts);
    const done = await run(line);
    expect({ code: done.code, out: done.out }).toEqual({ code, out: '' });
    expect(done.err).toMatch(said);
    expect((await store.documents.list({ kind: 'cluster' }, { limit: 9 })).items).toEqual([]);
  });

  it('a private cluster, and one without a doorbell', async () => {
    const { store, run } = await adminShell();
    await eks({ isPublic: false, egress: 'CUSTOMER_ISOLATED' });
    const { code, out } = await run(`${addLine} --vpc --no-doorbell --enforce`);
    expect(code).toBe(0);
    expect(out).toMatch(/No doorbell: Serin asks it every minute/);
    const kept = await store.documents.get({ kind: 'cluster', id: 'prod' });
    expect(kept?.body).toMatchObject({
      ...{ isPrivate: true, egress: 'CUSTOMER_ISOLATED' },
      doorbell: { webhookEnabled: false, enforce: true, secrets: [] },
    });
  });

  it('says what to name when it does not know the table', async () => {
    const { code, err } = await serin(['cluster', 'list']);
    expect(code).toBe(2);
    expect(err).toMatch(/--table or SERIN_TABLE/);
  });
});

describe('cluster rotate', () => {
  it('takes the old secret for another 24 hours', async () => {
    const { store, run } = await adminShell();
    await eks({});
    const before = urlIn((await run(addLine)).out).secret;
    const { code, out } = await run('cluster rotate prod');
    const after = urlIn(out).secret;
    expect(code).toBe(0);
    expect(after).not.toBe(before);
    const { secrets = [] } =
      (await store.documents.get({ kind: 'cluster', id: 'prod' }))?.body.doorbell ?? {};
    const [fresh, old] = secrets;
    expect(secrets).toHaveLength(2);
    expect(fresh).toEqual({ sha256: secretHash(after) });
    expect(old?.sha256).toBe(secretHash(before));
    const left = (old?.until ?? 0) - Date.now();
    expect(left / 3_600_000).toBeCloseTo(24, 1);
    // Once more: what was on its way out gets no more time.
    await run('cluster rotate prod');
    const again = (await store.documents.get({ kind: 'cluster', id: 'prod' }))?.body.doorbell
      .secrets;
    expect(again).toHaveLength(3);
    expect(again?.[2]).toEqual(old);
  });

  it('of a cluster that nobody knows says which there are', async () => {
    const { run } = await adminShell();
    await eks({});
    await run(addLine);
    const { code, err } = await run('cluster rotate nowhere');
    expect(code).toBe(3);
    expect(err).toMatch(/no cluster is registered as nowhere; there are: prod/);
  });
});

describe('cluster remove', () => {
  it('waits for releases, and forgets the rollouts', async () => {
    const { store, run } = await adminShell();
    await eks({});
    await run(addLine);
    const key = { cluster: 'prod', namespace: 'shop', name: 'web' };
    const elsewhere = { ...key, cluster: 'other' };
    await store.save({ ...blankRecord(key), dueAt: 1000, view: view({ phase: 'Paused' }) });
    await store.save({ ...blankRecord(elsewhere), dueAt: 1000 });
    const refused = await run('cluster remove prod');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/under way in prod: shop\/web\n.*--force/);
    expect(await store.load(key)).toBeDefined();
    const { code, out } = await run('cluster remove prod --force');
    expect(code).toBe(0);
    expect(out).toMatch(/forgot 1 rollouts/);
    expect(out).toMatch(/delete-access-entry --region eu-central-1 --cluster-name shop-prod/);
    expect(await store.load(key)).toBeUndefined();
    expect(await store.load(elsewhere)).toBeDefined();
    expect((await store.due(2000, 9)).map((due) => due.key)).toEqual([elsewhere]);
    expect((await run('cluster remove prod')).err).toMatch(/no cluster is registered as prod/);
  });
});
