import type { AnalysisRun, Measurement, MetricResult } from '../../lib/model/argo.generated.ts';
import type { KubernetesObject } from '../../lib/model/kinds.ts';
import { nameOf, uidOf } from '../../lib/model/workload.ts';
import type { Observation } from './scenarios.ts';

type Picture = NonNullable<Observation['status']>;

/** What the recordings keep of AnalysisRuns and Jobs, masked as they are. `metrics`: the server's address. */
export function runPictures(
  { analysisRuns = [], jobs = [] }: { analysisRuns?: AnalysisRun[]; jobs?: KubernetesObject[] },
  { metrics, namespace }: { metrics: string; namespace: string },
): Pick<Observation, 'analysisRuns' | 'jobs'> {
  const seen = {
    ...(analysisRuns.length > 0 && {
      analysisRuns: Object.fromEntries(analysisRuns.map((run) => [nameOf(run), runPicture(run)])),
    }),
    ...(jobs.length > 0 && {
      jobs: Object.fromEntries(jobs.map((job) => [nameOf(job), jobPicture(job)])),
    }),
  };
  let text = JSON.stringify(seen).replaceAll(metrics, '<metrics>');
  for (const run of analysisRuns) text = text.replaceAll(uidOf(run), `<uid of ${nameOf(run)}>`);
  return JSON.parse(
    text
      .replaceAll(`"job-namespace":"${namespace}"`, '"job-namespace":"<ns>"')
      .replaceAll(`/namespace":"${namespace}"`, '/namespace":"<ns>"')
      .replaceAll(/(Pod [^,]+)-\w{5}, container/g, '$1-<pod>, container')
      .replaceAll(/\((?:ErrImagePull|ImagePullBackOff)\)/g, '(<no image>)')
      .replaceAll(/image \S+ not found/g, 'image not found'),
  );
}

function runPicture({ metadata = {}, spec, status }: AnalysisRun): Picture {
  const { labels, annotations, ownerReferences = [] } = metadata;
  const { metricResults = [], ...rest } = status ?? { phase: '' };
  const owners = ownerReferences.map(({ kind, name }) => `${kind} ${name}`);
  return {
    labels,
    annotations,
    ...(owners.length > 0 && { owners }),
    spec: withoutEmpty(spec),
    status: {
      ...timeless(rest),
      metricResults: Object.fromEntries(metricResults.map((each) => [each.name, resultOf(each)])),
    },
  };
}

/** The recordings leave out what is empty. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const);
  const isEmpty = (inner: unknown) => JSON.stringify(inner) === '{}';
  return Object.fromEntries(fields.filter(([, inner]) => !isEmpty(inner)));
}

/** Measurements by their number among those that are kept. */
function resultOf({ measurements = [], ...rest }: MetricResult): object {
  const numbered = measurements.map((each, index) => [String(index + 1), timeless(each)]);
  return { ...rest, measurements: Object.fromEntries(numbered) };
}

const times = ['startedAt', 'finishedAt', 'completedAt', 'resumeAt'] as const;

function timeless(value: Partial<Measurement> & { completedAt?: string | null }): object {
  const given = times.filter((field) => value[field]);
  return { ...value, ...Object.fromEntries(given.map((field) => [field, '<time>'])) };
}

type Job = KubernetesObject & {
  spec?: {
    backoffLimit?: number;
    template?: {
      metadata?: { labels?: Record<string, string> };
      spec?: { containers?: { command?: string[] }[] };
    };
  };
  status?: { conditions?: { type: string }[] };
};

function jobPicture({ metadata = {}, spec = {}, status }: Job): Picture {
  const { labels, annotations, ownerReferences = [] } = metadata;
  const { template, backoffLimit } = spec;
  const podLabels = Object.keys(template?.metadata?.labels ?? {});
  return {
    annotations,
    backoffLimit,
    command: template?.spec?.containers?.[0]?.command,
    ended: (status?.conditions ?? []).map(({ type }) => type),
    labels,
    owners: ownerReferences.map(({ kind, name }) => `${kind} ${name}`),
    // What the Job controller adds is its own.
    podLabels: podLabels.filter((label) => !label.startsWith('batch.kubernetes.io/')).sort(),
  };
}
