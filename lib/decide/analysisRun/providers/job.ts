import type { AnalysisRun, Measurement, Metric } from '../../../model/argo.generated.ts';
import { type KubernetesObject, typeMetaOf } from '../../../model/kinds.ts';
import { metricNameAnnotation } from '../../../model/names.ts';
import { refOf, type Write } from '../../../model/plan.ts';
import {
  type Answers,
  type DryRunRead,
  type ListRead,
  type Need,
  okOf,
} from '../../../model/reads.ts';
import { fromTime, type Millis, secondMs } from '../../../model/units.ts';
import { isControlledBy, uidOf } from '../../../model/workload.ts';
import { type Gathered, statusOf } from '../gathered.ts';
import { lastOf } from '../results.ts';
import type { Asked, Measured, MetricProvider } from './provider.ts';
import { stuckPod } from './stuckPod.ts';

// argo v1.10.1 metricproviders/job/job.go

const uidLabel = 'analysisrun.argoproj.io/uid';
const annotation = 'analysisrun.argoproj.io/';
/** A Job's name is a label of its pods. */
const nameMax = 63;

type Job = KubernetesObject & {
  spec?: { selector?: { matchLabels?: Record<string, string> } };
  status?: { conditions?: { type: string; status: string }[] };
};

export const job: MetricProvider = {
  name: 'job',
  selects: (source) => source.job !== undefined,
  validate: () => [],
  needs: (asked, answers) => {
    if (!asked.measurement) return [{ read: creation(asked), bears: 'lasting' }];
    const found = known(asked, answers);
    const pods = found && !endOf(found) ? podsOf(found) : undefined;
    const none: Need[] = pods ? [{ read: pods, bears: 'lasting' }] : [];
    return [...jobNeeds(asked), ...none];
  },
  measured: (asked, answers) =>
    asked.measurement ? polled(asked, answers) : begun(asked, answers),
  stop: {
    needs: jobNeeds,
    writes: (asked, answers) => {
      const found = known(asked, answers);
      return found ? [deletion(found)] : [];
    },
  },
  prune: {
    needs: (old, run) => old.flatMap((each) => objectNeed(placeOf(each, run))),
    writes: (old, run, answers) =>
      old.flatMap((each) => {
        const found = okOf(answers.object(placeOf(each, run)));
        return found && isOf(found, run) ? [deletion(found)] : [];
      }),
  },
};

/** The Jobs of a run that were looked at. */
export function jobsSeen({ seed: { object }, answers }: Gathered): KubernetesObject[] {
  const { metricResults = [] } = statusOf(object);
  return metricResults.flatMap((result) => {
    const last = lastOf(result);
    const found = last && okOf(answers.object(placeOf(last, object)));
    return found ? [found as KubernetesObject] : [];
  });
}

function begun(asked: Asked, answers: Answers): Measured | undefined {
  const read = creation(asked);
  const answer = answers.dryRun(read);
  if (answer === undefined || 'missing' in answer) return undefined;
  if ('failed' in answer) return { error: apiWords(answer.failed) };
  const { namespace = '', name = '' } = read.dryRun.metadata ?? {};
  const running: Measured = {
    phase: 'Running',
    metadata: { 'job-name': name, 'job-namespace': namespace },
    resumeAt: asked.now,
  };
  if ('made' in answer.ok) {
    const write: Write = { phase: 'create', do: 'create', kind: 'Job', object: read.dryRun };
    return { ...running, writes: [write] };
  }
  // It was created by a turn that did not come to write it down.
  const { taken } = answer.ok;
  if (taken && isOf(taken, asked.run)) return running;
  return { error: `jobs.batch "${name}" already exists` };
}

/** What the API server said, without what was asked of it. */
function apiWords(message: string): string {
  return message.replace(/^.*?: \d{3} /s, '');
}

function polled(asked: Asked, answers: Answers): Measured | undefined {
  const { measurement, now } = asked;
  const place = placeOf(measurement, asked.run);
  if (place.name === '') return { error: 'job metadata reference missing' };
  const answer = answers.object(place);
  if (answer === undefined) return undefined;
  if ('failed' in answer) return { error: answer.failed };
  if ('missing' in answer) return { error: `job.batch "${place.name}" not found` };
  const found = answer.ok as Job;
  const phase = endOf(found);
  if (phase) return { phase };
  const pods = podsOf(found);
  const stuck = stuckPod((pods && okOf(answers.list(pods))) ?? []);
  if (stuck) return { phase: 'Inconclusive', message: stuck };
  return { phase: 'Running', resumeAt: nextLook(measurement, now) };
}

/** The longer it runs the less often; the end of a Job is also announced. */
function nextLook(measurement: Measurement | undefined, now: Millis): Millis {
  const { startedAt, resumeAt } = measurement ?? {};
  if (resumeAt && fromTime(resumeAt) > now) return fromTime(resumeAt);
  const ranMs = startedAt ? Math.max(0, now - fromTime(startedAt)) : 0;
  const delayMs = Math.sqrt((2 * ranMs) / secondMs) * secondMs;
  // Its time is written in whole seconds, and must not have passed when it is read.
  return now + Math.max(2 * secondMs, delayMs);
}

function endOf({ status }: Job): 'Successful' | 'Failed' | undefined {
  const types = (status?.conditions ?? []).filter((each) => each.status === 'True');
  const last = types.findLast(({ type }) => type === 'Complete' || type === 'Failed');
  return last && (last.type === 'Complete' ? 'Successful' : 'Failed');
}

function podsOf({ metadata, spec }: Job): ListRead<'Pod'> | undefined {
  const labels = Object.entries(spec?.selector?.matchLabels ?? {});
  if (labels.length === 0) return undefined;
  const selector = labels.map(([key, value]) => `${key}=${value}`).join(',');
  return { list: 'Pod', namespace: metadata?.namespace ?? 'default', selector };
}

/** Whether a Job is that run's, and not one of another with the same name. */
function isOf(found: KubernetesObject, run: AnalysisRun): boolean {
  return isControlledBy(found, uidOf(run));
}

function deletion(found: KubernetesObject): Write {
  return { phase: 'prune', do: 'delete', ref: refOf('Job', found) };
}

function placeOf(measurement: Measurement | undefined, run: AnalysisRun) {
  const { metadata = {} } = measurement ?? {};
  const namespace = metadata['job-namespace'] || (run.metadata?.namespace ?? 'default');
  return { kind: 'Job' as const, namespace, name: metadata['job-name'] ?? '' };
}

function objectNeed(place: ReturnType<typeof placeOf>): Need[] {
  return place.name === '' ? [] : [{ read: { object: place }, bears: 'lasting' }];
}

function jobNeeds({ measurement, run }: Asked): Need[] {
  return objectNeed(placeOf(measurement, run));
}

function known({ measurement, run }: Asked, answers: Answers): Job | undefined {
  return okOf(answers.object(placeOf(measurement, run))) as Job | undefined;
}

function creation({ metric, run, count }: Asked): DryRunRead<'Job'> {
  const { metadata, spec } = metric.provider?.job ?? {};
  const { name: runName = '', namespace = 'default', uid = '' } = run.metadata ?? {};
  const podMeta = spec?.template?.metadata;
  const owner = { ...typeMetaOf('AnalysisRun'), name: runName, uid };
  const object = {
    ...typeMetaOf('Job'),
    metadata: {
      name: jobName(uid, metric, count),
      namespace,
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      labels: { ...metadata?.labels, [uidLabel]: uid },
      annotations: {
        ...metadata?.annotations,
        [`${annotation}name`]: runName,
        [`${annotation}namespace`]: namespace,
        [metricNameAnnotation]: metric.name,
      },
    },
    spec: {
      ...spec,
      template: {
        ...spec?.template,
        metadata: { ...podMeta, labels: { ...podMeta?.labels, [uidLabel]: uid } },
      },
    },
  };
  return { dryRun: object, kind: 'Job' };
}

/** `UID.METRIC.N`: the same for the same measurement, whoever makes it. */
function jobName(uid: string, { name }: Metric, count: number): string {
  const rest = `.${count + 1}`;
  const room = nameMax - uid.length - 1 - rest.length;
  return `${uid}.${name.slice(0, Math.max(0, room))}${rest}`;
}
