import { expect, it } from 'vitest';
import { rolloutOf } from '../cases/templates.ts';
import { kubeconfigFor, serin, stubServer } from './support.ts';

// With a kubeconfig, lint looks whether the templates of analyses are there, and what they make.

const apiVersion = 'argoproj.io/v1alpha1';
const provider = { web: { url: 'http://metrics.example/ok' } };
const ok = { spec: { metrics: [{ name: 'ok', provider }] } };
const endless = { spec: { metrics: [{ name: 'ok', interval: '5s', provider }] } };
const inNamespace = '/apis/argoproj.io/v1alpha1/namespaces/shop/analysistemplates';
const inCluster = '/apis/argoproj.io/v1alpha1/clusteranalysistemplates';

function stepOf(...templates: object[]): object {
  const steps = [{ analysis: { templates } }, { pause: {} }];
  return rolloutOf({ spec: { strategy: { canary: { steps } } } });
}

async function lint(manifests: object[], held: Record<string, object>, mayRead = true) {
  const { env } = await stubServer(({ method, url }) => {
    if (method === 'POST') return { status: 201, body: {} };
    if (!mayRead) return { status: 403, body: { kind: 'Status', code: 403, message: 'may not' } };
    const [path = ''] = url.split('?');
    const name = path.split('/').at(-1);
    const found = held[path];
    return found
      ? { status: 200, body: { apiVersion, metadata: { name, namespace: 'shop' }, ...found } }
      : { status: 404, body: { kind: 'Status', code: 404, message: 'not found' } };
  });
  const argv = ['lint', '-', '--kubeconfig', kubeconfigFor(env.SERIN_SERVER), '-n', 'shop'];
  const text = manifests.map((each) => JSON.stringify(each)).join('\n---\n');
  return await serin(argv, {}, undefined, text);
}

const at = 'spec.strategy.canary.steps[0].analysis.templates';
const check = { templateName: 'check' };
const fine = '-: 1 Rollout, nothing wrong, in a dry run on the cluster either\n';

it('a template that is in the cluster is there', async () => {
  expect((await lint([stepOf(check)], { [`${inNamespace}/check`]: ok })).out).toBe(fine);
  const wide = { templateName: 'check', clusterScope: true };
  expect((await lint([stepOf(wide)], { [`${inCluster}/check`]: ok })).out).toBe(fine);
});

it('one that is neither there nor in the files is a fault', async () => {
  const { code, out } = await lint([stepOf(check)], {});
  expect(out).toMatch(
    `${at} names the AnalysisTemplate check, which does not exist; create it, or name another`,
  );
  expect(code).toBe(1);
});

it('so is one that another one names, and what templates of the cluster make', async () => {
  const outer = { spec: { templates: [{ templateName: 'inner' }] } };
  const lost = await lint([stepOf(check)], { [`${inNamespace}/check`]: outer });
  expect(lost.out).toMatch(/names the AnalysisTemplate inner, which does not exist/);
  const inner = { [`${inNamespace}/check`]: outer, [`${inNamespace}/inner`]: endless };
  expect((await lint([stepOf(check)], inner)).out).toMatch(
    /interval and no count, which never ends/,
  );
});

it('one in the files is taken for being there, also one of the whole cluster', async () => {
  const own = (kind: string, more: object = {}) => ({
    ...{ apiVersion, kind, metadata: { name: 'check', ...more } },
    ...ok,
  });
  expect((await lint([stepOf(check), own('AnalysisTemplate')], {})).out).toBe(
    fine.replace('1 Rollout', '1 Rollout, 1 AnalysisTemplate'),
  );
  const other = own('AnalysisTemplate', { namespace: 'other' });
  expect((await lint([stepOf(check), other], {})).code).toBe(1);
  const wide = { templateName: 'check', clusterScope: true };
  expect((await lint([stepOf(wide), own('ClusterAnalysisTemplate')], {})).out).toBe(
    fine.replace('1 Rollout', '1 Rollout, 1 ClusterAnalysisTemplate'),
  );
});

it('one that may not be read is noted', async () => {
  const { code, out } = await lint([stepOf(check)], {}, false);
  expect(out).toMatch(/note: \S+ names the AnalysisTemplate check, which cannot be read/);
  expect(code).toBe(0);
});
