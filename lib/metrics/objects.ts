import { matchesName } from '../decide/analysisRun/patterns.ts';
import type {
  AnalysisRun,
  AnalysisTemplate,
  Experiment,
  Metric,
  Rollout,
} from '../model/argo.generated.ts';
import { own } from '../model/own.ts';
import { nameOf, replicasOf } from '../model/workload.ts';
import { type Family, gauge, type Labels } from './exposition.ts';

// What is told of objects as they are now, under the names that Argo's controller has for it.
// argo v1.10.1 controller/metrics/prommetrics.go

export type MetricObjects = {
  rollouts: Rollout[];
  analysisRuns: AnalysisRun[];
  experiments: Experiment[];
  templates: AnalysisTemplate[];
};

export function objectFamilies(objects: MetricObjects): Family[] {
  const { rollouts, analysisRuns, experiments, templates } = objects;
  return [
    ...rolloutFamilies(rollouts),
    ...runFamilies(analysisRuns),
    ...templateFamilies(templates),
    ...experimentFamilies(experiments),
  ];
}

type Sample = Family['samples'][number];

function placeOf(object: Rollout | AnalysisRun | Experiment | AnalysisTemplate): Labels {
  return { namespace: object.metadata?.namespace ?? '', name: nameOf(object) };
}

/** One series for each phase that there is: 1 for the one that it is in. */
export function phases(labels: Labels, all: readonly string[], phase: string): Sample[] {
  return all.map((each) => ({ labels: { ...labels, phase: each }, value: each === phase ? 1 : 0 }));
}

// argo v1.10.1 controller/metrics/rollouts.go
export const rolloutPhases = [
  ...['Completed', 'Progressing', 'Paused', 'Timeout', 'Error', 'Abort', 'InvalidSpec'],
] as const;

const phaseByReason: Record<string, (typeof rolloutPhases)[number]> = {
  NewReplicaSetAvailable: 'Completed',
  RolloutPaused: 'Paused',
  ReplicaSetCreateError: 'Error',
  ProgressDeadlineExceeded: 'Timeout',
  RolloutAborted: 'Abort',
};

function rolloutPhase({ status }: Rollout): string {
  const { conditions = [] } = status ?? {};
  if (conditions.some(({ type }) => type === 'InvalidSpec')) return 'InvalidSpec';
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  return own(phaseByReason, progressing?.reason ?? '') ?? 'Progressing';
}

/** The last of these that a spec names, as Argo's controller has it. */
const routers = [
  ...[['alb', 'ALB'] as const, ['ambassador', 'Ambassador'] as const, ['istio', 'Istio'] as const],
  ...[['nginx', 'Nginx'] as const, ['smi', 'SMI'] as const, ['appMesh', 'AppMesh'] as const],
];

function strategyOf({ spec }: Rollout): { strategy: string; traffic_router: string } {
  const { canary, blueGreen } = spec?.strategy ?? {};
  if (blueGreen) return { strategy: 'blueGreen', traffic_router: '' };
  const found = routers.findLast(([field]) => canary?.trafficRouting?.[field]);
  return { strategy: canary ? 'canary' : 'none', traffic_router: found?.[1] ?? '' };
}

function rolloutFamilies(rollouts: Rollout[]): Family[] {
  const each = (value: (rollout: Rollout) => number): Sample[] =>
    rollouts.map((rollout) => ({ labels: placeOf(rollout), value: value(rollout) }));
  const available = ({ status }: Rollout) => status?.availableReplicas ?? 0;
  return [
    gauge(
      'rollout_info',
      'Information about rollout.',
      rollouts.map((rollout) => ({
        labels: { ...placeOf(rollout), ...strategyOf(rollout), phase: rolloutPhase(rollout) },
        value: 1,
      })),
    ),
    gauge(
      'rollout_info_replicas_available',
      'The number of available replicas per rollout.',
      each(available),
    ),
    gauge(
      'rollout_info_replicas_unavailable',
      'The number of unavailable replicas per rollout.',
      each((rollout) => (rollout.status?.replicas ?? 0) - available(rollout)),
    ),
    gauge(
      'rollout_info_replicas_desired',
      'The number of desired replicas per rollout.',
      each(replicasOf),
    ),
    gauge(
      'rollout_info_replicas_updated',
      'The number of updated replicas per rollout.',
      each(({ status }) => status?.updatedReplicas ?? 0),
    ),
    gauge(
      'rollout_phase',
      'Information on the state of the rollout (DEPRECATED - use rollout_info)',
      rollouts.flatMap((rollout) => {
        const { strategy } = strategyOf(rollout);
        return phases({ ...placeOf(rollout), strategy }, rolloutPhases, rolloutPhase(rollout));
      }),
    ),
  ];
}

const runPhases = ['Pending', 'Error', 'Failed', 'Successful', 'Running', 'Inconclusive'] as const;

/** argo v1.10.1 metricproviders/metricproviders.go Type */
const providerTypes = {
  ...{ prometheus: 'Prometheus', job: 'Job', kayenta: 'Kayenta', web: 'Web', datadog: 'Datadog' },
  ...{ wavefront: 'Wavefront', newRelic: 'NewRelic', cloudWatch: 'CloudWatch' },
  ...{ graphite: 'Graphite', influxdb: 'Influxdb', skywalking: 'skywalking', plugin: 'RPCPlugin' },
} as const;

function typeOf({ provider }: Metric): string {
  const fields = Object.keys(providerTypes) as (keyof typeof providerTypes)[];
  const field = fields.find((each) => provider?.[each]);
  return field ? providerTypes[field] : 'Unknown Provider';
}

function runFamilies(runs: AnalysisRun[]): Family[] {
  const metrics = runs.flatMap((run) =>
    (run.spec?.metrics ?? []).map((metric) => ({
      run,
      labels: { ...placeOf(run), metric: metric.name, type: typeOf(metric) },
      dry_run: String(
        (run.spec?.dryRun ?? []).some((rule) => matchesName(rule.metricName, metric.name)),
      ),
      phase:
        run.status?.metricResults?.find(({ name }) => name === metric.name)?.phase || 'Pending',
    })),
  );
  return [
    ...stateFamilies('analysis_run', ['analysis run', 'the Analysis Run'], runs),
    gauge(
      'analysis_run_metric_type',
      'Information on the type of a specific metric in the Analysis Runs',
      metrics.map(({ labels }) => ({ labels, value: 1 })),
    ),
    gauge(
      'analysis_run_metric_phase',
      'Information on the phase of a specific metric in the Analysis Run',
      metrics.flatMap(({ labels, dry_run, phase }) =>
        phases({ ...labels, dry_run }, runPhases, phase),
      ),
    ),
  ];
}

function templateFamilies(templates: AnalysisTemplate[]): Family[] {
  return [
    gauge(
      'analysis_template_info',
      'Information about analysis templates.',
      templates.map((template) => ({ labels: placeOf(template), value: 1 })),
    ),
    gauge(
      'analysis_template_metric_info',
      'Information on metrics in analysis templates.',
      templates.flatMap((template) =>
        (template.spec?.metrics ?? []).map((metric) => ({
          labels: { ...placeOf(template), type: typeOf(metric), metric: metric.name },
          value: 1,
        })),
      ),
    ),
  ];
}

/** Argo's controller has no series for Failed. */
function experimentFamilies(experiments: Experiment[]): Family[] {
  return stateFamilies('experiment', ['Experiment', 'the experiment'], experiments);
}

/** `words`: as Argo's controller calls them in the one text and in the other. */
function stateFamilies(
  name: string,
  [about, state]: [string, string],
  objects: (AnalysisRun | Experiment)[],
): Family[] {
  return [
    gauge(
      `${name}_info`,
      `Information about ${about}.`,
      objects.map((each) => ({
        labels: { ...placeOf(each), phase: each.status?.phase ?? '' },
        value: 1,
      })),
    ),
    gauge(
      `${name}_phase`,
      `Information on the state of ${state} (DEPRECATED - use ${name}_info)`,
      objects.flatMap((each) => phases(placeOf(each), runPhases, each.status?.phase || 'Pending')),
    ),
  ];
}
