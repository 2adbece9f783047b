import { describe, expect, it } from 'vitest';
import { definitions } from '../../lib/model/definitions.ts';
import { keyText } from '../../lib/model/key.ts';
import { blankRecord } from '../../lib/record/blank.ts';
import { secretHash } from '../../lib/registry/webhookSecret.ts';
import { adminShell, type EksFacts, eks, service, sts } from './awsStage.ts';

const role = 'arn:aws:iam::111111111111:role/serin-reconcile';
const access = { [role]: ['serin:controller'], 'arn:aws:iam::111111111111:role/dev': [] };
const key = { cluster: 'prod', namespace: 'shop', name: 'web' };

type Api = {
  /** Who signs in. */
  groups?: string[];
  refuses?: number;
  denies?: string;
  plurals?: string[];
  rollouts?: object[];
  bell?: string;
  /** What comes of a request to a Service, by the path behind its namespace. */
  services?: Record<string, { status?: number; body: object | string }>;
};

function routed(name: string, trafficRouting: object): object {
  return {
    metadata: { name, namespace: 'shop' },
    spec: { strategy: { canary: { trafficRouting } } },
  };
}

/** The API server of a cluster, as it answers what a check asks. */
async function apiServer(api: Api) {
  return await service(({ path, body }) => {
    if (api.refuses) return { status: api.refuses, body: { message: 'Unauthorized' } };
    if (path.includes('selfsubjectreviews')) {
      const { groups = ['serin:controller'] } = api;
      return { status: 201, body: { status: { userInfo: { username: 'someone', groups } } } };
    }
    if (path.includes('subjectaccessreviews')) {
      const { verb, resource } = JSON.parse(body).spec.resourceAttributes;
      const allowed = `${verb} ${resource}` !== api.denies;
      return { status: 201, body: { status: { allowed } } };
    }
    if (path.includes('validatingwebhookconfigurations')) {
      const webhooks = api.bell ? [{ name: 'x', clientConfig: { url: api.bell } }] : [];
      return { body: { items: [{ webhooks }, { webhooks: [{ clientConfig: {} }] }] } };
    }
    const [, proxied] = /^\/api\/v1\/namespaces\/monitoring\/(services\/.*)$/.exec(path) ?? [];
    if (proxied !== undefined) {
      const said = { kind: 'Status', apiVersion: 'v1', message: 'services "other" not found' };
      return api.services?.[proxied] ?? { status: 404, body: said };
    }
    if (path.startsWith('/apis/argoproj.io/v1alpha1/rollouts')) {
      return { body: { items: api.rollouts ?? [] } };
    }
    const plurals = api.plurals ?? definitions().map(({ spec }) => spec.names.plural);
    return { body: { resources: plurals.map((name) => ({ name })) } };
  });
}

/** A registered cluster in which all is well, but for what a test changes. */
async function registered(api: Api = {}, facts: EksFacts = {}) {
  const shell = await adminShell();
  const { url, seen } = await apiServer(api);
  const cloud = await eks({ endpoint: url, access, ...facts });
  const { out } = await shell.run('cluster add prod --region eu-central-1 --eks-name shop-prod');
  const bell = /https:\/\/api\.example\/v1\/doorbell\/\S+/.exec(out)?.[0] ?? '';
  const rings = async () =>
    (await shell.store.documents.get({ kind: 'cluster', id: 'prod' }))?.body.doorbell
      .webhookEnabled;
  return { ...shell, ...cloud, api, bell, rings, asked: seen };
}

describe('cluster check', () => {
  it('finds nothing wrong, and relies on the doorbell from then on', async () => {
    const { run, api, bell, rings, asked } = await registered();
    api.bell = bell;
    const { code, out } = await run('cluster check prod');
    expect(out.match(/^ok /gm)).toHaveLength(8);
    expect(out).toMatch(/ok +EKS +ACTIVE, Kubernetes 1\.34/);
    expect(out).toMatch(/ok +access entry +arn:.*serin-reconcile is in the group serin:controller/);
    expect(out).toMatch(/ok +doorbell +installed, with the right secret$/m);
    expect(out).toMatch(/From now on Serin relies on the doorbell/);
    expect(code).toBe(0);
    expect(await rings()).toBe(true);
    const tokens = new Set(asked.map(({ authorization }) => authorization.slice(0, 18)));
    expect([...tokens]).toEqual(['Bearer k8s-aws-v1.']);
    // A second look finds the same, and says nothing of a change.
    expect((await run('cluster check prod')).out).not.toMatch(/From now on/);
    delete api.bell;
    const without = await run('cluster check prod');
    expect(without).toMatchObject({ code: 0 });
    expect(without.out).toMatch(
      /note +doorbell +there is none: Serin asks the cluster every minute/,
    );
    expect(without.out).toMatch(/From now on Serin polls it/);
    expect(await rings()).toBe(false);
  });

  it('does not look with a kubeconfig that is not there', async () => {
    const { run } = await registered();
    const { code, err } = await run('cluster check prod --kubeconfig /nonexistent');
    expect(err).toMatch(/^serin: cannot read .*\/nonexistent: there is no such file\n {2}\S/);
    expect(code).toBe(3);
  });

  it.each<[string, Api, EksFacts, RegExp, RegExp]>([
    [
      'no access entry',
      { refuses: 401 },
      { access: {} },
      /WRONG +sign-in +the API server does not know this role/,
      /aws eks create-access-entry --region eu-central-1 --cluster-name shop-prod/,
    ],
    [
      'a right is missing',
      { denies: 'create replicasets' },
      {},
      /WRONG +rights +it may not create replicasets\.apps$/m,
      /kubectl apply -k infra\/cluster/,
    ],
    [
      'a right for a router in use is missing',
      {
        denies: 'create trafficsplits',
        rollouts: [routed('web', { smi: {} }), routed('api', { smi: {}, nginx: {} })],
      },
      {},
      /WRONG +rights for smi +it may not create \S+, which 2 Rollouts need, such as shop\/web$/m,
      /add smi to the chart's value routers, or routers\/smi to the components of infra\/cluster/,
    ],
    [
      'no definitions',
      { plurals: [] },
      {},
      /WRONG +definitions +without rollouts\.argoproj\.io/,
      /serin crds --kubeconfig FILE/,
    ],
    [
      'a stranger rings',
      { bell: `https://api.example/v1/doorbell/prod/${'x'.repeat(43)}` },
      {},
      /WRONG +doorbell +it rings with a secret that is not/,
      /serin cluster rotate prod/,
    ],
    [
      'nobody in the group',
      {},
      { access: { [role]: ['other'] } },
      /WRONG +access entry +none puts a role/,
      /--kubernetes-groups serin:controller/,
    ],
    [
      'made anew under its name',
      {},
      { arn: 'arn:aws:eks:eu-central-1:111111111111:cluster/other' },
      /WRONG +EKS +it is another cluster now/,
      /serin cluster remove prod/,
    ],
  ])('%s is said, with what to do', async (_, api, facts, found, todo) => {
    const scene = await registered();
    Object.assign(scene.api, api);
    Object.assign(scene.facts, facts);
    const { code, out } = await scene.run('cluster check prod');
    expect(out).toMatch(found);
    expect(out).toMatch(todo);
    expect(code).toBe(1);
  });

  it('tries the metric servers that measurements may ask through the API server', async () => {
    const denied = { kind: 'Status', apiVersion: 'v1', message: 'cannot get services/proxy' };
    const { run, api, asked } = await registered({
      services: {
        'services/prometheus:9090/proxy/': { status: 302, body: '' },
        'services/https:thanos:443/proxy/': { status: 403, body: denied },
      },
    });
    const names = ['prometheus:9090', 'thanos:443', 'other:80'];
    const options = names.map((name) => `--metrics monitoring/${name}`).join(' ');
    await run(`cluster add prod --region eu-central-1 --eks-name shop-prod ${options}`);
    const { code, out } = await run('cluster check prod');
    expect(out).toMatch(
      /^ok +metrics monitoring\/prometheus:9090 +it answers through the API server, with 302$/m,
    );
    expect(out).toMatch(
      /^WRONG +metrics monitoring\/thanos:443 .*403 cannot get services\/proxy$/m,
    );
    expect(out).toMatch(/add monitoring\/thanos:443 to the chart's value metrics\.services/);
    expect(out).toMatch(/^WRONG +metrics monitoring\/other:80 .*services "other" not found$/m);
    expect(code).toBe(1);
    expect(
      asked.filter(({ path }) => path.includes('/proxy/')).map(({ method }) => method),
    ).toEqual(['GET', 'GET', 'GET']);
    // What an administrator may is not what Serin may.
    Object.assign(api, { groups: ['system:masters'] });
    const admins = await run('cluster check prod');
    expect(admins.out).toMatch(
      /^note +metrics monitoring\/prometheus:9090 .*; asked with your rights/m,
    );
  });

  it('asks for the rights of the routers that Rollouts use, and of no others', async () => {
    const plugins = { 'serin/nlb': { service: 'web', protocol: 'TCP', port: 80 } };
    const rollouts = [routed('web', { plugins, alb: { ingress: 'web' } }), routed('api', {})];
    const { run, asked } = await registered({ rollouts });
    const { code, out } = await run('cluster check prod');
    expect(out).toMatch(/^ok +rights for alb +all 4 it needs$/m);
    expect(out).toMatch(/^ok +rights for nlb +all 4 it needs$/m);
    expect(out.match(/rights for/g)).toHaveLength(2);
    expect(code).toBe(0);
    const reviewed = asked.filter(({ path }) => path.endsWith('accessreviews'));
    expect(reviewed.filter(({ body }) => body.includes('ingresses'))).toHaveLength(2);
    expect(reviewed.filter(({ body }) => body.includes('httproutes'))).toEqual([]);
  });

  it('a cluster that is gone', async () => {
    const { run, store } = await registered();
    const known = await store.documents.get({ kind: 'cluster', id: 'prod' });
    const gone = { ...known!.body, eksName: 'shop-gone', endpoint: 'http://127.0.0.1:9' };
    await store.documents.put({ ...known!, body: gone });
    const { code, out } = await run('cluster check prod');
    expect(out).toMatch(/WRONG +EKS +EKS cluster shop-gone in eu-central-1: ResourceNotFound/);
    expect(out).toMatch(/serin cluster remove prod/);
    expect(out).toMatch(/WRONG +sign-in +.*ECONNREFUSED/);
    expect(code).toBe(1);
  });

  it('an administrator who is not Serin asks on behalf of the group', async () => {
    const { run, api, asked } = await registered({ groups: ['system:masters'] });
    api.denies = 'list pods';
    const { out } = await run('cluster check prod');
    expect(out).toMatch(/note +sign-in +as someone, who is not in the group serin:controller/);
    expect(out).toMatch(/it may not list pods$/m);
    const reviews = asked.filter(({ path }) => path.endsWith('/subjectaccessreviews'));
    expect(JSON.parse(reviews[0]!.body).spec.groups).toContain('serin:controller');
  });

  it('says that the doorbell cannot ring, until it was heard', async () => {
    const scene = await registered({}, { egress: 'CUSTOMER_ROUTED' });
    scene.api.bell = scene.bell;
    const mute = await scene.run('cluster check prod');
    expect(mute.out).toMatch(/note +doorbell +installed.*; but .*CUSTOMER_ROUTED.*NAT gateway/);
    expect(await scene.rings()).toBe(false);
    await scene.store.save(blankRecord(key));
    // What a notice told is in the ledger, and the notice is used up.
    const told = {
      ...{ uid: 'u', kind: 'revision' as const, resourceVersion: '1', at: Date.now() },
      ...{ actor: { name: 'ada', proof: 'reported' as const }, revision: 1, text: 'New.' },
    };
    await scene.store.append(key, { ...told, actor: { name: 'serin', proof: 'unknown' } });
    expect((await scene.run('cluster check prod')).out).toBe(mute.out);
    await scene.store.append(key, { ...told, resourceVersion: '2' });
    const heard = await scene.run('cluster check prod');
    expect(heard.out).toMatch(/ok +doorbell +installed, with the right secret; it rang last at 20/);
    expect(await scene.rings()).toBe(true);
  });

  it('a notice that waits for its change was heard as well', async () => {
    const scene = await registered({}, { egress: 'CUSTOMER_ROUTED' });
    scene.api.bell = scene.bell;
    await scene.store.save(blankRecord(key));
    const place = { kind: 'notice' as const, of: keyText(key), id: '1', version: 0 };
    const body = { key, uid: 'u', user: 'ada', at: Date.now(), explains: ['revision' as const] };
    await scene.store.documents.put({ ...place, body });
    expect((await scene.run('cluster check prod')).out).toMatch(/; it rang last at 20/);
  });

  it('a doorbell that still has the secret that was', async () => {
    const scene = await registered();
    scene.api.bell = scene.bell;
    await scene.run('cluster rotate prod');
    const { code, out } = await scene.run('cluster check prod');
    expect(code).toBe(0);
    expect(out).toMatch(/note +doorbell +it rings with the secret that was, which counts until 20/);
    const known = await scene.store.documents.get({ kind: 'cluster', id: 'prod' });
    const [fresh, old] = known!.body.doorbell.secrets;
    expect(old?.sha256).toBe(secretHash(scene.bell.split('/').at(-1)!));
    const over = { webhookEnabled: true, secrets: [fresh!, { ...old!, until: Date.now() - 1 }] };
    await scene.store.documents.put({ ...known!, body: { ...known!.body, doorbell: over } });
    const late = await scene.run('cluster check prod');
    expect(late.out).toMatch(/WRONG +doorbell +it rings with a secret that is not, or no more/);
  });

  it('assumes the role of a cluster in another account, to ask and to sign in', async () => {
    const shell = await adminShell();
    const { url, seen } = await apiServer({});
    const theirs = 'arn:aws:iam::222222222222:role/serin';
    const cloud = await eks({ endpoint: url, access: { [theirs]: ['serin:controller'] } });
    const assumed = await sts();
    const added = await shell.run(
      `cluster add prod --region eu-central-1 --eks-name shop-prod --role-arn ${theirs}`,
    );
    expect(added.out).toContain(`--principal-arn ${theirs} `);
    expect(new URLSearchParams(assumed.seen[0]?.body).get('RoleArn')).toBe(theirs);
    const signed = cloud.seen.map(
      ({ authorization }) => /Credential=(\w+)/.exec(authorization)?.[1],
    );
    expect(new Set(signed)).toEqual(new Set(['ASSUMED']));
    expect((await shell.run('cluster check prod')).code).toBe(0);
    const token = seen[0]?.authorization.replace('Bearer k8s-aws-v1.', '') ?? '';
    expect(Buffer.from(token, 'base64url').toString()).toMatch(/X-Amz-Credential=ASSUMED%2F/);
  });
});
