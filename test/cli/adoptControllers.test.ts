import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Deployment, Pod } from '../../lib/model/argo.generated.ts';
import type { Lease } from '../../lib/model/lease.ts';
import { secondMs, toTime } from '../../lib/model/units.ts';
import { cluster, web, withImage } from './adoptStage.ts';
import { serin, temporaryFolder } from './support.ts';

const labels = { 'app.kubernetes.io/name': 'argo-rollouts' };

type Place = { namespace?: string; name?: string; args?: string[]; component?: string };

const podSpec = (args: string[]) => ({
  containers: [
    { name: 'proxy', image: 'proxy:1', args: ['--instance-id=no', '--namespaced'] },
    {
      ...{ name: 'argo-rollouts', image: 'quay.example/argo-rollouts:v1.10.1', args },
      env: [{ name: 'ID', value: 'by-variable' }],
    },
  ],
});

function deployment(replicas: number, place: Place = {}): Deployment {
  const { namespace = 'argo-rollouts', name = 'argo-rollouts', args = [], component } = place;
  const role = component && { 'app.kubernetes.io/component': component };
  return {
    metadata: {
      namespace,
      name,
      uid: `${namespace}/${name}`,
      labels: { ...labels, ...role },
    },
    spec: { replicas, template: { spec: podSpec(args) } },
  };
}

function pod(place: Place = {}): Pod {
  const { namespace = 'argo-rollouts', name = 'argo-rollouts-6d4c5f7b9-x2x7q', args = [] } = place;
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'argo', uid: 'u', controller: true },
  ];
  return { metadata: { namespace, name, labels, ownerReferences }, spec: podSpec(args) };
}

function lease(secondsAgo: number, id = '', holder = 'argo-rollouts-6d4c5f7b9-x2x7q_0b7e'): Lease {
  const name = `argo-rollouts-controller-lock${id && `-${id}`}`;
  const renewTime = new Date(Date.now() - secondsAgo * secondMs).toISOString();
  const spec = { holderIdentity: holder, leaseDurationSeconds: 15, renewTime };
  return { metadata: { namespace: 'argo-rollouts', name }, spec };
}

type Given = { deployments?: Deployment[]; leases?: Lease[]; pods?: Pod[]; options?: string };

async function adoptWith({ pods = [], options = '', ...made }: Given) {
  const { sim, adoptJson } = await cluster(made);
  for (const each of pods) sim.apply('Pod', each);
  const { code, controllers, todo } = await adoptJson(...options.split(' ').filter(Boolean));
  return { code, controllers, todo };
}

const scaling = 'kubectl -n argo-rollouts scale deployment argo-rollouts --replicas=0';

describe('a controller that owns them', () => {
  it.each<[string, Given, RegExp[]]>([
    ['a Deployment', { deployments: [deployment(1)] }, [RegExp(`^${scaling}$`)]],
    [
      'of the same instance',
      {
        deployments: [deployment(2, { args: ['--instance-id', 'a'] })],
        options: '--instance-id a',
      },
      [/scale deployment/],
    ],
    [
      'of an instance that a variable names',
      {
        deployments: [deployment(1, { args: ['--instance-id=$(ID)'] })],
        options: '--instance-id by-variable',
      },
      [/scale deployment/],
    ],
    [
      'of an instance that cannot be told',
      { deployments: [deployment(1, { args: ['--instance-id=$(ELSEWHERE)'] })] },
      [/scale deployment/],
    ],
    [
      'in a namespace of its own that is to be taken',
      {
        deployments: [deployment(1, { args: ['--namespaced', '-n', 'shop'] })],
        options: '-n shop',
      },
      [/scale deployment/],
    ],
    [
      'in a namespace of its own, where all are to be taken',
      { deployments: [deployment(1, { args: ['--namespaced'] })] },
      [/scale deployment/],
    ],
    [
      'not in a namespace of its own after all',
      { deployments: [deployment(1, { args: ['--namespaced=false'] })], options: '-n shop' },
      [/scale deployment/],
    ],
    [
      'a Deployment that was scaled down and whose pod is still there',
      { deployments: [deployment(0)], pods: [pod()] },
      [/^wait until its last pod is gone$/],
    ],
    [
      'a pod that no Deployment runs',
      { pods: [pod({ name: 'argo-0' })] },
      [/^stop StatefulSet argo, which runs pod argo-0 in namespace argo-rollouts$/],
    ],
    [
      'a lease of a process elsewhere',
      { leases: [lease(5, '', 'laptop_0b7e')] },
      [
        /^stop laptop_0b7e if it still runs, and wait for lease .*: it runs out in \d+s unless renewed/,
      ],
    ],
    [
      'a lease of the instance, whose holder was stopped just now',
      { leases: [lease(9, 'a')], options: '--instance-id a' },
      [/^stop argo-rollouts-6d4c5f7b9-x2x7q_0b7e if it still runs/],
    ],
    [
      'a Deployment and the lease of its pod',
      { deployments: [deployment(1)], pods: [pod()], leases: [lease(1)] },
      [RegExp(`^${scaling}$`), /^wait until lease \S+ has run out, 15s after its pod is gone$/],
    ],
  ])('%s', async (_name, given, todo) => {
    const found = await adoptWith(given);
    expect(found.controllers.every(({ isRival }) => isRival)).toBe(true);
    expect(found.todo).toEqual(todo.map((pattern) => expect.stringMatching(pattern)));
    expect(found.code).toBe(1);
  });
});

describe('no rival', () => {
  it.each<[string, Given, number]>([
    ['nobody', {}, 0],
    ['another instance', { deployments: [deployment(1, { args: ['--instance-id=b'] })] }, 1],
    [
      'a controller of all but instances',
      { deployments: [deployment(1)], options: '--instance-id a' },
      1,
    ],
    [
      'another namespace',
      { deployments: [deployment(1, { args: ['--namespaced'] })], options: '-n shop' },
      1,
    ],
    ['one scaled down', { deployments: [deployment(0)], leases: [lease(60)] }, 2],
    ['a lease that nobody holds', { leases: [lease(1, '', '')] }, 1],
    ['a lease of another instance', { leases: [lease(1, 'b')] }, 1],
    [
      'a lease, whose pod drives another namespace',
      {
        leases: [lease(1)],
        pods: [pod({ args: ['--namespaced'] })],
        options: '-n shop',
      },
      2,
    ],
    ['another lock', { leases: [{ metadata: { namespace: 'x', name: 'kube-scheduler' } }] }, 0],
    ['the dashboard', { deployments: [deployment(1, { component: 'rollouts-dashboard' })] }, 0],
    [
      'one for analysis runs',
      { deployments: [deployment(1, { args: ['--controllers=analysis'] })] },
      1,
    ],
  ])('%s', async (_name, given, traces) => {
    const { code, controllers } = await adoptWith(given);
    expect(controllers).toHaveLength(traces);
    expect(controllers.filter(({ isRival }) => isRival)).toEqual([]);
    expect(code).toBe(0);
  });
});

describe('what is shown', () => {
  it('names the controller, what it drives and how to stop it', async () => {
    const { sim, adopt } = await cluster({ deployments: [deployment(1)], leases: [lease(2)] });
    sim.apply('Pod', pod());
    const { code, out } = await adopt();
    const [head, first = '', second = ''] = out.split('\n');
    expect(head).toBe("Argo Rollouts' controllers:");
    expect(first).toMatch(
      /^ {2}OWNS THEM {2}Deployment argo-rollouts\/argo-rollouts +is to run 1 pod, /,
    );
    expect(first).toMatch(/runs 1 +drives all namespaces, without an instance id$/);
    expect(second).toMatch(
      /^ {2}OWNS THEM {2}Lease argo-rollouts\/argo-rollouts-controller-lock +held by /,
    );
    expect(second).toMatch(/held by \S+, renewed \ds ago +drives all namespaces/);
    expect(out).toMatch(
      RegExp(`^Not ready\\. To do:\\n {2}1\\. ${scaling}\\n {2}2\\. wait until`, 'm'),
    );
    expect(out).toMatch(/^ {2}3\. run `serin adopt` again$/m);
    expect(code).toBe(1);
  });

  it('names who writes to a rollout, where nothing else tells of a controller', async () => {
    const { sim, run, pass, adopt } = await cluster();
    sim.apply('Rollout', web('web'));
    await run();
    await pass(Date.now());
    const { conditions = [] } = sim.read.get('Rollout', 'shop', 'web').status ?? {};
    const touched = conditions.map((each) => ({ ...each, lastUpdateTime: toTime(Date.now()) }));
    sim.patchStatus('shop', 'web', { conditions: touched }, 'rollouts-controller');
    sim.apply('Rollout', withImage(web('web'), 'web:v2'));
    const { code, out } = await adopt();
    expect(out).toMatch(
      /^ {2}OWNS THEM {2}rollouts-controller wrote the status of shop\/web \ds ago$/m,
    );
    // What Serin would do once it is gone.
    expect(out).toMatch(
      /^shop +web .* it goes on: its spec was changed.*\n {4}create ReplicaSet web-/m,
    );
    expect(out).toMatch(/^ {2}1\. stop rollouts-controller, wherever it runs; if .*, wait 10s$/m);
    expect(code).toBe(1);
  });
});

describe('with few rights', () => {
  it('says what it could not see, and judges by the rest', async () => {
    const deployments = [deployment(1)];
    const blind = await cluster({ deployments, forbid: /leases$|^\/apis\/apps\/v1\/deployments$/ });
    const { code, out, err } = await blind.adopt();
    expect(err).toBe('');
    expect(out).toMatch(
      /^Not seen: Leases: none was looked at: list leases\.coordination\.k8s\.io \*: 403 .*"list"/m,
    );
    expect(out).toMatch(/^Not seen: Deployments: only those of argo-rollouts were looked at: /m);
    expect(out).toMatch(/OWNS THEM {2}Deployment/);
    expect(code).toBe(1);
    const alone = await cluster({ forbid: /leases$/ });
    expect((await alone.adopt()).code).toBe(0);
  });

  it.each([
    ['nowhere', /(leases|deployments|pods)$/, 'none was'],
    [
      'in its own namespace only',
      /^\/apis\/(?!.*\/shop\/|argo)|^\/api\/v1\/(?!.*\/shop\/)/,
      'only those of shop were',
    ],
  ])('does not call ready what it could look at %s', async (_name, forbid, looked) => {
    const { adopt } = await cluster({ forbid });
    const { code, out } = await adopt('-n', 'shop');
    expect(out).toContain(`Not seen: Deployments: ${looked} looked at: `);
    expect(out).toMatch(
      /1\. look as somebody who may list leases, or deployments and pods, in all/,
    );
    expect(code).toBe(1);
  });

  it('says of which rollout it cannot tell', async () => {
    const { sim, pass, adopt } = await cluster({ forbid: /replicasets$/ });
    sim.apply('Rollout', web('web'));
    await pass();
    const { code, out } = await adopt();
    expect(out).toMatch(/^shop +web +- +- +CANNOT BE TOLD: list replicasets\.apps shop: 403 /m);
    expect(out).toMatch(
      /1\. shop\/web: put this right: .*allow the verb "list" on the resource "replicasets"/,
    );
    expect(code).toBe(1);
  });

  it('cannot do without the rollouts', async () => {
    const { adopt } = await cluster({ forbid: /rollouts$/ });
    const { code, out, err } = await adopt();
    expect(err).toMatch(/^serin: list rollouts\.argoproj\.io \*: 403 .*\n {2}Put that right/);
    expect({ code, out }).toEqual({ code: 3, out: '' });
  });

  it.each([
    [['adopt'], 2, /--kubeconfig/],
    [['adopt', '--kubeconfig', '/nonexistent'], 3, /cannot read the kubeconfig \/nonexistent/],
  ])('%j', async (argv, exit, message) => {
    const { code, err } = await serin(argv);
    expect(err).toMatch(message);
    expect(code).toBe(exit);
  });

  it('says that nobody is there', async () => {
    const { kubeconfig, close } = await cluster();
    await close();
    const { code, err } = await serin(['adopt', '--kubeconfig', kubeconfig]);
    expect(err).toMatch(/^serin: list rollouts.*ECONNREFUSED/);
    expect(code).toBe(3);
    const missing = ['adopt', '--kubeconfig', kubeconfig, '--context', 'nope'];
    expect((await serin(missing)).err).toMatch(/has no context nope; it has: test/);
    expect((await serin(['adopt', '--kubeconfig', join(temporaryFolder(), 'x')])).code).toBe(3);
  });
});
