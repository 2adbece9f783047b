import { rolloutTree } from '../../cli/tree.ts';
import { type Kind, type KubernetesObject, rowOf, typeMetaOf } from '../../lib/model/kinds.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { secondMs } from '../../lib/model/units.ts';
import { uidOf } from '../../lib/model/workload.ts';
import { picture } from './picture.ts';
import { pluginWrites } from './plugin.ts';
import type { Action, Observation, Scenario } from './scenarios.ts';
import { kindOf, tagOf } from './sight.ts';
import {
  liveRollout,
  manifestOf,
  metricsUrl,
  name,
  namespace,
  openStage,
  pass,
  passUntil,
  type Stage,
  sightOf,
  token,
} from './stage.ts';

/** Between two writes of one command, so that the controller sees both. */
const betweenMs = 100;

/** Plays a scenario on Serin and answers what is seen at each of its waits. */
export async function play(scenario: Scenario): Promise<Observation[]> {
  const { services = [], rollout, metadata, also = [], actions } = placed(scenario);
  const { templates = {}, runs = {}, experiments = {} } = placed(scenario);
  const stage = openStage();
  for (const service of services) {
    stage.cluster.apply('Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: service, namespace },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
  }
  for (const object of also) applyObject(stage, object);
  const made = { AnalysisTemplate: templates, AnalysisRun: runs, Experiment: experiments };
  for (const [kind, specs] of Object.entries(made)) {
    for (const [each, spec] of Object.entries(specs)) {
      applyObject(stage, { ...typeMetaOf(kind as Kind), metadata: { name: each }, spec });
    }
  }
  if (rollout) stage.cluster.apply('Rollout', manifestOf(rollout, metadata));
  const seen: Observation[] = [];
  let before = new Set<string>();
  for (const action of actions) {
    if (typeof action === 'object' && 'wait' in action) {
      const { wait, timeout: timeoutSeconds } = action;
      const reached = await passUntil(stage, wait, { still: true, timeoutSeconds });
      const sight = sightOf(stage);
      const tree = sight.rollout ? rolloutTree(await stage.look(), stage.clock.now()) : '';
      const place = { namespace, metrics: metricsUrl };
      seen.push(picture(sight, tree, { ...place, wait, reached, before }));
      before = new Set(stage.cluster.read.list('Pod', namespace).map(uidOf));
    } else await act(stage, action);
  }
  const [failure] = stage.failures;
  if (failure) throw failure.error;
  return seen;
}

/** With the addresses that it has here. */
function placed(scenario: Scenario): Scenario {
  const text = JSON.stringify(scenario);
  return JSON.parse(text.replaceAll('METRICS', metricsUrl).replaceAll('NAMESPACE', namespace));
}

function applyObject({ cluster }: Stage, object: KubernetesObject): void {
  const kind = kindOf(object);
  const place = rowOf(kind).isNamespaced ? namespace : '';
  const { stringData, ...more } = object;
  // As the API server stores it.
  const data = Object.entries(stringData ?? {}).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  cluster.apply(kind, {
    ...more,
    ...(stringData !== undefined && { data: Object.fromEntries(data) }),
    metadata: { ...object.metadata, namespace: place },
  });
}

async function act(stage: Stage, action: Exclude<Action, { wait: string }>): Promise<void> {
  if (action === 'badImage') return setImage(stage, 'nonexistent-v9');
  if ('image' in action) return setImage(stage, action.image);
  if ('patch' in action) return patch(stage, 'kubectl', action.patch);
  if ('patchOther' in action) {
    const { kind, name: other, body } = action.patchOther;
    const ref = { kind: kindOf({ kind }), namespace, name: other };
    await stage.cluster.as('kubectl').patch(ref, body);
    return;
  }
  if ('apply' in action) return applyObject(stage, action.apply);
  if ('delete' in action) {
    const [kind = '', other = ''] = action.delete.split(' ');
    stage.cluster.deleteObject(kindOf({ kind }), namespace, other);
    return;
  }
  if ('scale' in action) {
    stage.cluster.scale(namespace, name, action.scale);
    return;
  }
  if ('plugin' in action) return runPlugin(stage, action.plugin);
  if ('admit' in action) {
    const { image, pods } = action.admit;
    stage.cluster.admit(
      ({ spec }) => tagOf(spec?.containers?.[0]?.image) === image,
      pods === 'all' ? undefined : pods,
    );
    return;
  }
  if ('metric' in action) {
    for (const [each, value] of Object.entries(action.metric)) {
      stage.metrics.set(token, each, value);
    }
    return;
  }
  if ('terminate' in action) return await terminateAll(stage);
  if ('sleep' in action) return await pass(stage, action.sleep * secondMs);
  await passUntil(stage, action.until, { still: false });
}

async function terminateAll({ cluster }: Stage): Promise<void> {
  for (const { metadata, status } of cluster.read.list('AnalysisRun', namespace)) {
    if (status?.completedAt) continue;
    const ref = { kind: 'AnalysisRun' as const, namespace, name: metadata?.name ?? '' };
    await cluster.as('kubectl-argo-rollouts').patch(ref, { spec: { terminate: true } });
  }
}

async function setImage(stage: Stage, tag: string): Promise<void> {
  const { workloadRef, template } = liveRollout(stage).spec ?? {};
  const source = { namespace, name: workloadRef?.name ?? '' };
  const written = workloadRef
    ? stage.cluster.read.get('Deployment', namespace, source.name).spec?.template
    : template;
  const containers = written?.spec?.containers ?? [];
  const images = containers.map((container) => ({ ...container, image: `web:${tag}` }));
  const change = { spec: { template: { spec: { containers: images } } } };
  if (workloadRef)
    await stage.cluster.as('kubectl').patch({ kind: 'Deployment', ...source }, change);
  else await patch(stage, 'kubectl', change);
}

async function runPlugin(stage: Stage, line: string): Promise<void> {
  const replicaSets = stage.cluster.read.list('ReplicaSet', namespace);
  const rollout = liveRollout(stage);
  const writes = pluginWrites(line, { rollout, replicaSets, now: stage.clock.now() });
  for (const [index, write] of writes.entries()) {
    if (index > 0) await pass(stage, betweenMs);
    await patch(stage, 'kubectl-argo-rollouts', write.patch, write.subresource);
  }
}

async function patch(
  stage: Stage,
  manager: string,
  change: MergePatch,
  subresource?: 'status',
): Promise<void> {
  const options = subresource === undefined ? {} : { subresource };
  await stage.cluster.as(manager).patch({ kind: 'Rollout', namespace, name }, change, options);
}
