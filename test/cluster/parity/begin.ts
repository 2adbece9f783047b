import type { ObjectMeta } from '../../../lib/model/argo.generated.ts';
import { type Kind, type KubernetesObject, rowOf, typeMetaOf } from '../../../lib/model/kinds.ts';
import { instanceIdLabel } from '../../../lib/model/names.ts';
import { kindOf } from '../../recordings/sight.ts';
import { manifestOf } from '../../recordings/stage.ts';
import { until } from '../processes.ts';
import { apply } from '../stage.ts';
import { name, type Stage } from './playing.ts';
import type { ParityScenario } from './scenarios.ts';

/** Makes the scenario's objects, and gives them to the controller. */
export async function begin(stage: Stage, scenario: ParityScenario): Promise<void> {
  const { plane, namespace } = stage;
  const { services = [], also = [], rollout, taken } = scenario;
  const { templates = {}, runs = {}, experiments = {} } = scenario;
  const made = { AnalysisTemplate: templates, AnalysisRun: runs, Experiment: experiments };
  // In one go: each call of kubectl is a process.
  await apply(
    plane,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...services.map((service) => ({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: service, namespace } },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    })),
    ...also.map((object) => given(stage, object)),
    ...Object.entries(made).flatMap(([kind, specs]) =>
      Object.entries(specs).map(([each, spec]) =>
        given(stage, { ...typeMetaOf(kind as Kind), metadata: { name: each }, spec }),
      ),
    ),
    ...(rollout ? [manifestIn(stage, scenario)] : []),
  );
  if (taken) await take(stage, taken);
  // A look before that would find nothing, and nothing that moves.
  await until('the watch', async () => isSeen(stage, scenario), { everyMs: 20 });
}

function isSeen({ watcher, namespace }: Stage, scenario: ParityScenario): boolean {
  const { rollout, runs = {}, experiments = {} } = scenario;
  const sight = watcher.sightOf(namespace);
  return (
    (sight.rollout !== undefined || rollout === undefined) &&
    (sight.analysisRuns?.length ?? 0) >= Object.keys(runs).length &&
    (sight.experiments?.length ?? 0) >= Object.keys(experiments).length
  );
}

/** In the scenario's namespace, and what is of Argo's group for this controller. */
export function given(
  { namespace, side }: Pick<Stage, 'namespace' | 'side'>,
  object: KubernetesObject,
): KubernetesObject {
  const { metadata, ...rest } = object;
  const { group, isNamespaced } = rowOf(kindOf(object));
  const labels = { ...metadata?.labels, [instanceIdLabel]: side.instanceId };
  return {
    ...rest,
    metadata: {
      ...metadata,
      ...(isNamespaced && { namespace }),
      ...(group === 'argoproj.io' && { labels }),
    },
  };
}

function manifestIn(
  stage: Stage,
  { rollout = {}, metadata, taken }: ParityScenario,
): KubernetesObject {
  const { metadata: named, ...manifest } = manifestOf(rollout, metadata);
  const inside = { ...manifest, metadata: { ...named, namespace: stage.namespace } };
  // Not yet given to the controller, that has to find it with its status.
  return taken ? inside : given(stage, inside);
}

/** What another controller has left: the objects of the rollout, and its status. */
async function take(
  { plane, namespace, side }: Stage,
  { owned, status }: NonNullable<ParityScenario['taken']>,
): Promise<void> {
  const kubectl = (...args: string[]) => plane.kubectl(['-n', namespace, ...args]);
  const uid = await kubectl('get', 'rollout', name, '-o', 'jsonpath={.metadata.uid}');
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid };
  const more: ObjectMeta = { namespace, ownerReferences: [{ ...owner, controller: true }] };
  const left = owned.map((object) => ({ ...object, metadata: { ...object.metadata, ...more } }));
  await apply(plane, ...left);
  const body = JSON.stringify({ status });
  await kubectl('patch', 'rollout', name, '--subresource=status', '--type=merge', '-p', body);
  await kubectl('label', 'rollout', name, `${instanceIdLabel}=${side.instanceId}`);
}
