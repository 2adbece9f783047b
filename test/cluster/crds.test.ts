import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { contextOf } from '../../lib/kubernetes/kubeconfig.ts';
import { transport } from '../../lib/kubernetes/transport.ts';
import { definitions } from '../../lib/model/definitions.ts';
import { type ControlPlane, startControlPlane } from './controlPlane.ts';
import { argoManifests, installArgoDefinitions, plugin } from './peer.ts';
import { runProgram, until } from './processes.ts';
import { cli, startSerin } from './serin.ts';
import { apply, newNamespace, reaches, rolloutIn, webRollout } from './stage.ts';

// One plane, bare at first, then with our definitions, then with Argo's: what each makes of the same.

let bare: ControlPlane | undefined;
const plane = (): ControlPlane => {
  if (!bare) throw new Error('the control plane is not up');
  return bare;
};
const names = definitions().map(({ metadata }) => metadata.name);
const crds = (...args: string[]) => runProgram(process.execPath, [cli, 'crds', ...args]);
const kubectl = (line: string, input?: string) => plane().kubectl(line.split(' '), input);

beforeAll(async () => {
  bare = await startControlPlane();
});
afterAll(async () => await bare?.stop());

async function installOurs(): Promise<void> {
  const { out } = await crds('--kubeconfig', plane().kubeconfig);
  await kubectl('apply --server-side -f -', out);
  await kubectl('wait --for=condition=established crd --all --timeout=30s');
}

async function removeDefinitions(): Promise<void> {
  await kubectl(`delete crd --wait=true ${names.join(' ')}`);
}

/** What the server answers to a manifest, as it would keep it. */
async function answerTo(manifest: { kind: string }, fieldValidation: string) {
  const { spec } = definitions().find((each) => each.spec.names.kind === manifest.kind) ?? {};
  if (!spec) throw new Error(`no definition of ${manifest.kind}`);
  const where = spec.scope === 'Cluster' ? '' : '/namespaces/default';
  const { signIn } = contextOf(plane().kubeconfig);
  const { send } = transport({ signIn }, { userAgent: 'test', timeoutMs: 10_000 });
  const { status, body } = await send({
    subject: { verb: 'create', kind: 'Rollout', namespace: 'default' },
    path: `/apis/${spec.group}/v1alpha1${where}/${spec.names.plural}`,
    query: { dryRun: 'All', fieldValidation },
    body: manifest,
  });
  const { metadata: _, message, ...kept } = body as { metadata?: unknown; message?: string };
  // A refusal names what is wrong in any order.
  return status < 300 ? { status, kept } : { status, faults: message?.split(/, |: \[|\]$/).sort() };
}

/** All that can be seen of a set of definitions. */
async function seen() {
  const manifests = await argoManifests();
  const answers = [];
  for (const { file, manifest } of manifests) {
    const lenient = await answerTo(manifest, 'Ignore');
    const strict = await answerTo(manifest, 'Strict');
    answers.push({ file, lenient, strict });
  }
  const namespace = 'columns';
  await newNamespace(plane(), namespace);
  const spec = { replicas: 4, strategy: { canary: {} } };
  const status = { replicas: 5, updatedReplicas: 2, availableReplicas: 3, phase: 'Progressing' };
  await apply(plane(), webRollout(namespace, spec), ...analysisObjects(namespace));
  await kubectl(
    `patch rollout web -n ${namespace} --subresource=status --type=merge -p ${JSON.stringify({ status })}`,
  );
  const shown = [];
  for (const name of ['ro', 'at', 'cat', 'ar', 'exp']) {
    const table = await kubectl(`get ${name} -n ${namespace}`);
    // The age is last.
    shown.push(table.replace(/ +\S+$/gm, ''), /(\S+)$/m.exec(table)?.[1]);
  }
  const stored = JSON.parse(await kubectl(`get crd ${names.join(' ')} -o json`)) as {
    items: { metadata: { name: string }; spec: object }[];
  };
  const specs = stored.items.map((each) => [each.metadata.name, withoutWords(each.spec)]);
  return { answers, shown, specs };
}

function analysisObjects(namespace: string): object[] {
  const apiVersion = 'argoproj.io/v1alpha1';
  const metadata = { name: 'web', namespace };
  const provider = { web: { url: 'https://example.com', jsonPath: '{$.a}' } };
  const spec = { metrics: [{ name: 'm', provider }] };
  const template = { name: 't', replicas: 1, selector: {}, template: { spec: { containers: [] } } };
  return [
    { apiVersion, kind: 'AnalysisTemplate', metadata, spec },
    { apiVersion, kind: 'ClusterAnalysisTemplate', metadata: { name: 'web' }, spec },
    { apiVersion, kind: 'AnalysisRun', metadata, spec, status: { phase: 'Running' } },
    { apiVersion, kind: 'Experiment', metadata, spec: { templates: [template] } },
  ];
}

/** Without what is said to people, and what came after Argo v1.10.1, in one order. */
function withoutWords(value: unknown, within = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((each) => withoutWords(each));
    return within === 'required' ? items.sort() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(
    ([name, each]) =>
      !(['description', 'message'].includes(name) && typeof each === 'string') &&
      !(name === 'duration' && JSON.stringify(each).includes('rolloutStartedAt')),
  );
  return Object.fromEntries(members.map(([name, each]) => [name, withoutWords(each, name)]));
}

describe('without the definitions', () => {
  it('serin run ends, and says how to install them', async () => {
    const args = ['run', '--port', '0', '--kubeconfig', plane().kubeconfig];
    const state = mkdtempSync(join(tmpdir(), 'serin-run-'));
    onTestFinished(() => rmSync(state, { recursive: true, force: true }));
    const env = { XDG_STATE_HOME: state };
    const { code, out, err } = await runProgram(process.execPath, [cli, ...args], { env });
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/serin crds \| kubectl apply --server-side -f -/);
    expect(err).not.toMatch(/^ +at /m);
    expect(err.trim().split('\n')).toHaveLength(2);
  });
});

describe('with ours', () => {
  beforeAll(installOurs);

  it('a whole release, scaled on its way', async () => {
    const namespace = await newNamespace(plane(), 'release');
    const serin = await startSerin(plane(), { namespaces: [namespace] });
    onTestFinished(serin.stop);
    const steps = [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: { duration: 1 } }];
    await apply(plane(), webRollout(namespace, { strategy: { canary: { steps } } }));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    await kubectl(`scale rollout web -n ${namespace} --replicas=6`);
    const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/web/scale`;
    await until('the scale', async () => {
      const { spec, status } = JSON.parse(await kubectl(`get --raw ${path}`));
      return spec.replicas === 6 && status.replicas === 6 && /app=web/.test(status.selector);
    });
    await plugin(plane(), namespace, 'promote web');
    const { spec, status } = await reaches(plane(), namespace, 'Healthy', { step: 4 });
    expect(spec?.replicas).toBe(6);
    expect(status).toMatchObject({ availableReplicas: 6, updatedReplicas: 6 });
    expect(status?.duration).toMatchObject({ completionStatus: 'Promoted' });
  });

  it('definitions that go and come back do not end serin run', async () => {
    const namespace = await newNamespace(plane(), 'again');
    const serin = await startSerin(plane(), { namespaces: [namespace] });
    onTestFinished(serin.stop);
    await removeDefinitions();
    await installOurs();
    await apply(plane(), webRollout(namespace, { strategy: { canary: {} } }));
    await reaches(plane(), namespace, 'Healthy');
  });

  it('a selector stays what it is', async () => {
    const namespace = await newNamespace(plane(), 'selector');
    await apply(plane(), webRollout(namespace, { strategy: { canary: {} } }));
    const change = webRollout(namespace, { selector: { matchLabels: { app: 'other' } } });
    await expect(apply(plane(), change)).rejects.toThrow(/immutable/);
    expect((await rolloutIn(plane(), namespace)).spec?.selector?.matchLabels).toEqual({
      app: 'web',
    });
  });
});

describe("beside Argo's", () => {
  it("what Argo's own manifests come to is the same, and so is all that is shown", async () => {
    const ours = await seen();
    await removeDefinitions();
    await kubectl('delete namespace columns --wait=true');
    await installArgoDefinitions(plane());
    const theirs = await seen();
    expect(ours.answers.length).toBeGreaterThan(100);
    expect(ours.answers.some(({ strict }) => strict.status >= 400)).toBe(true);
    expect(ours.answers).toEqual(theirs.answers);
    expect(ours.shown[0]).toMatch(/^web +4 +5 +2 +3$/m);
    expect(ours.shown).toEqual(theirs.shown);
    expect(ours.specs).toEqual(theirs.specs);
  });

  it('they are left alone', async () => {
    const before = await kubectl('get crd -o json');
    const { code, out, err } = await crds('--kubeconfig', plane().kubeconfig);
    expect(code).toBe(0);
    expect(parseAllDocuments(out).filter(({ contents }) => contents !== null)).toEqual([]);
    expect(err).toMatch(/nothing to install/);
    await expect(kubectl('apply --server-side -f -', out)).rejects.toThrow(/no objects passed/);
    await kubectl('delete crd experiments.argoproj.io --wait=true');
    await installOurs();
    const kept = JSON.parse(before).items.filter(
      ({ metadata }: { metadata: { name: string } }) => !/^experiments/.test(metadata.name),
    );
    const after = JSON.parse(await kubectl(`get crd -o json`)).items;
    expect(after).toHaveLength(names.length);
    for (const each of kept) expect(after).toContainEqual(each);
  });
});
