import type { Intended } from './differences.ts';

// Where the analyses of a Rollout are judged or told differently.

const wording = 'README of the recordings: condition messages are wording, not contract';
const sized = 'docs/adr/0041-a-replicaset-is-created-in-its-size.md';

/** The same verdict in our words. */
function worded(scenario: string, observations: number[], fault: string): Intended[] {
  const at = 'spec.strategy.canary.steps[1].analysis.templates';
  const ours = `InvalidSpec: The Rollout "web" is invalid: ${at} ${fault}`;
  return observations.flatMap((index) =>
    ['status.message', 'get.Message:'].map((field) => ({
      ...{ scenario, at: index, field, ours, why: wording },
    })),
  );
}

// Argo creates the ReplicaSet without pods, and its background analysis has ended before there are any.
const inconclusive = {
  'status.HPAReplicas': '4',
  'status.availableReplicas': '4',
  'status.conditions.Available.status': 'True',
  'status.readyReplicas': '4',
  'status.replicas': '4',
  'status.updatedReplicas': '1',
  'get.ActualWeight:': '25',
  'get.Images:': 'web:v1 (stable); web:v2 (canary)',
  'get.Current:': '4',
  'get.Updated:': '1',
  'get.Ready:': '4',
  'get.Available:': '4',
  'get.row 3': '│ | ├──⧉ web-<r2> | ReplicaSet | ✔ Healthy | <age> | canary',
  'get.row 4': '·□ web-<r2>-<pod> | Pod | ✔ Running | <age> | ready:1/1',
  'get.row 5': '│ | └──α web-<r2>-2 | AnalysisRun | ? Inconclusive | <age> | ? 1',
  'get.row 6': '└──# revision:1',
  'get.row 7': ' | └──⧉ web-<r1> | ReplicaSet | ✔ Healthy | <age> | stable',
  'get.row 10': '·□ web-<r1>-<pod> | Pod | ✔ Running | <age> | ready:1/1',
  'replicaSets.r2.available': '1',
  'replicaSets.r2.desired': '1',
  'replicaSets.r2.newPods': '1',
  'replicaSets.r2.podMetadata': '[{"labels":{"app":"web","rollouts-pod-template-hash":"<r2>"}}]',
  'replicaSets.r2.ready': '1',
};

const echoed = JSON.stringify({
  body: '{"deep":[{"n":1}],"image":"web:v2","plain":"given"}',
  headers: { 'content-type': 'application/json', 'x-secret': '*****', 'x-team': 'blue said' },
  json: { deep: [{ n: 1 }], image: 'web:v2', plain: 'given' },
  method: 'POST',
  path: 'echo?new=<r2>&old=<r1>&kept=default&steps=1',
}).replaceAll('&', '\\u0026');

export const analysisDifferences: Intended[] = [
  {
    ...{ scenario: 'analysis-args', at: 1, ours: echoed },
    field: 'analysisRuns.web-<r2>-2-1.status.metricResults.echo-blue.measurements.1.value',
    why: 'docs/adr/0058-no-secret-in-a-measurement.md',
  },
  {
    ...{ scenario: 'analysis-step-rollout-deleted', at: 1, field: 'get.row 0', ours: '' },
    why: 'nothing is looked at once the Rollout is gone',
  },
  ...worded(
    'analysis-step-endless',
    [0],
    'has the metric ok with an interval and no count, which never ends; give it a count',
  ),
  ...worded(
    'analysis-missing-template',
    [0],
    'names the AnalysisTemplate late, which does not exist; create it, or name another',
  ),
  ...worded(
    'analysis-missing-arg',
    [0, 1],
    'has templates that ask for the argument token; give it in args',
  ),
  ...Object.entries(inconclusive).map(([field, ours]) => ({
    ...{ scenario: 'analysis-background-inconclusive', at: 1, field, ours, why: sized },
  })),
  {
    ...{ scenario: 'analysis-background-inconclusive', at: 2, ours: '', why: sized },
    field: 'replicaSets.r2.newPods',
  },
  ...[0, 1].map((at) => ({
    ...{ scenario: 'analysis-templates-merged', at, field: 'hashes.steps', ours: '664fbc9b98' },
    why: 'the steps name a template by the namespace, which had another name when this was recorded',
  })),
];
