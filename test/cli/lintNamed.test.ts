import { expect, it } from 'vitest';
import { rolloutOf } from '../cases/templates.ts';
import { kubeconfigFor, serin, stubServer } from './support.ts';

// With a kubeconfig, lint looks whether what a Rollout names is there.

type Held = { [path: string]: object };
const inNamespace = '/api/v1/namespaces/shop';
const ingresses = '/apis/networking.k8s.io/v1/namespaces/shop/ingresses';
const service = { spec: { selector: { app: 'lint' } } };
const forbidden = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'may not' };

/** Lints manifests on a cluster that has these objects. */
async function lint(manifests: object[], held: Held, mayRead = true) {
  const { env } = await stubServer(({ method, url }) => {
    if (method === 'POST') return { status: 201, body: {} };
    if (!mayRead) return { status: 403, body: forbidden };
    const path = url.split('?')[0] ?? '';
    const name = path.split('/').at(-1);
    const metadata = { name, namespace: 'shop', uid: 'u', resourceVersion: '1' };
    if (held[path]) return { status: 200, body: { metadata, ...held[path] } };
    const status = { kind: 'Status', code: 404, reason: 'NotFound', details: { name } };
    return { status: 404, body: status };
  });
  const argv = ['lint', '-', '--kubeconfig', kubeconfigFor(env.SERIN_SERVER), '-n', 'shop'];
  const text = manifests.map((each) => JSON.stringify(each)).join('\n---\n');
  const { code, out } = await serin(argv, {}, undefined, text);
  return { code, lines: out.trimEnd().split('\n') };
}

const canary = {
  ...{ canaryService: 'canary', stableService: 'stable' },
  trafficRouting: { nginx: { stableIngress: 'web' } },
  steps: [{ setWeight: 20 }, { pause: {} }],
};
const rollout = rolloutOf({ spec: { strategy: { canary } } });
const both = {
  [`${inNamespace}/services/canary`]: service,
  [`${inNamespace}/services/stable`]: service,
};
const backend = { service: { name: 'stable', port: { number: 80 } } };
const ingress = { spec: { rules: [{ http: { paths: [{ path: '/', backend }] } }] } };

it('names each object that is missing, by the field that names it', async () => {
  const { code, lines } = await lint([rollout], {});
  expect(lines).toEqual([
    expect.stringMatching(
      /spec.strategy.canary.stableService names the Service stable, which does not/,
    ),
    expect.stringMatching(
      /spec.strategy.canary.canaryService names the Service canary, which does not/,
    ),
    expect.stringMatching(
      /nginx.stableIngress names the Ingress web, which does not exist; create it/,
    ),
  ]);
  expect(code).toBe(1);
});

it('has nothing to say where all are there', async () => {
  const { code, lines } = await lint([rollout], { ...both, [`${ingresses}/web`]: ingress });
  expect(lines).toEqual(['-: 1 Rollout, nothing wrong, in a dry run on the cluster either']);
  expect(code).toBe(0);
});

it('says so where an object is not as its router needs it', async () => {
  const { lines } = await lint([rollout], { ...both, [`${ingresses}/web`]: { spec: {} } });
  expect(lines).toEqual([
    expect.stringMatching(/the Ingress web, of which no rule leads to the Service stable; give it/),
  ]);
});

it('takes what comes with the same manifests for being there', async () => {
  const own = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' } };
  const { code } = await lint([rollout, { ...own, ...ingress }], both);
  expect(code).toBe(0);
  const elsewhere = { ...own, metadata: { name: 'web', namespace: 'other' }, ...ingress };
  expect((await lint([rollout, elsewhere], both)).code).toBe(1);
});

it('notes what it has no right to look at', async () => {
  const { code, lines } = await lint([rollout], {}, false);
  expect(lines).toEqual([
    expect.stringMatching(/note: .*stableService names the Service stable, which cannot be read/),
    expect.stringMatching(/note: .*canaryService names the Service canary, which cannot be read/),
    expect.stringMatching(/note: .*stableIngress names the Ingress web, which cannot be read/),
    '-: 1 Rollout, nothing wrong, in a dry run on the cluster either',
  ]);
  expect(code).toBe(0);
});

it('looks for the workload that workloadRef names, and whether Services select its pods', async () => {
  const { template: _, ...spec } = rollout.spec as { template?: object } & object;
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const referring = { ...rollout, spec: { ...spec, workloadRef } };
  const there = { ...both, [`${ingresses}/web`]: ingress };
  const { lines } = await lint([referring], there);
  expect(lines).toEqual([
    expect.stringMatching(/spec.workloadRef.name names the Deployment web, which does not exist/),
  ]);
  const template = { metadata: { labels: { app: 'other' } } };
  const deployment = '/apis/apps/v1/namespaces/shop/deployments/web';
  const other = await lint([referring], { ...there, [deployment]: { spec: { template } } });
  expect(other.lines[0]).toMatch(/the Service stable, which selects app=lint, which the template/);
});

it('sees on the cluster that blue-green is behind an ALB', async () => {
  const blueGreen = rolloutOf({ spec: { strategy: { blueGreen: { activeService: 'stable' } } } });
  const spec = { ...ingress.spec, ingressClassName: 'alb' };
  const items = [{ metadata: { name: 'web', namespace: 'shop' }, spec }];
  const { code, lines } = await lint([blueGreen], {
    ...both,
    [ingresses]: { metadata: {}, items },
  });
  expect(lines[0]).toMatch(/activeService is behind the ALB of the Ingress web/);
  expect(code).toBe(0);
});
