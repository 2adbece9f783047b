/** Labels, annotations and reasons that are part of Argo Rollouts' contract, word for word. */

export const rolloutApiVersion = 'argoproj.io/v1alpha1';

/** argo v1.10.1 pkg/apis/rollouts/v1alpha1/types.go */
export const hashLabel = 'rollouts-pod-template-hash';
export const instanceIdLabel = 'argo-rollouts.argoproj.io/controller-instance-id';
export const analysisTypeLabel = 'rollout-type';
export const stepIndexLabel = 'step-index';
export const managedByAnnotation = 'argo-rollouts.argoproj.io/managed-by-rollouts';
export const scaleDownDeadlineAnnotation = 'scale-down-deadline';

/** argo v1.10.1 utils/annotations/annotations.go */
export const revisionAnnotation = 'rollout.argoproj.io/revision';
export const revisionHistoryAnnotation = 'rollout.argoproj.io/revision-history';
export const desiredReplicasAnnotation = 'rollout.argoproj.io/desired-replicas';
export const ephemeralMetadataAnnotation = 'rollout.argoproj.io/ephemeral-metadata';
export const workloadGenerationAnnotation = 'rollout.argoproj.io/workload-generation';
export const notificationsAnnotation = 'notified.notifications.argoproj.io';
/** argo v1.10.1 pkg/apis/rollouts/v1alpha1/experiment_types.go */
export const experimentNameAnnotation = 'experiment.argoproj.io/name';
export const experimentTemplateAnnotation = 'experiment.argoproj.io/template-name';
/** On a Job: the metric that it measures. argo v1.10.1 metricproviders/job/job.go */
export const metricNameAnnotation = 'analysisrun.argoproj.io/metric-name';
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** On a ReplicaSet that was taken over without a look at what it runs: docs/adr/0017-orphans.md */
export const takenOverAnnotation = 'serin/taken-over';

/**
 * On a ReplicaSet: what its template has itself where a role has put something over it.
 * docs/adr/0024-metadata-given-back.md
 */
export const replacedMetadataAnnotation = 'serin/replaced-metadata';

/** On a Rollout: false has its load balancers not looked at. docs/adr/0054-what-a-load-balancer-says.md */
export const verifyAnnotation = 'serin/verify-load-balancers';

/** The field manager of every write Serin makes, by which it knows its own. */
export const fieldManager = 'serin';

/** Reasons of `status.pauseConditions`; the last two are Serin's: docs/adr/0006-lost-status.md */
export const pauseReasons = {
  step: 'CanaryPauseStep',
  blueGreen: 'BlueGreenPause',
  inconclusive: 'InconclusiveAnalysisRun',
  inconclusiveExperiment: 'InconclusiveExperiment',
  statusLost: 'StatusLost',
  stableLost: 'StableReplicaSetLost',
} as const;

/** The metadata of an object that only the API server writes. */
export const serverMetadata = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
];

/** The first that is free of BASE, BASE.1, BASE.2 … where `separator` is a dot. */
export function freeName(base: string, taken: Iterable<string>, separator: '.' | '-'): string {
  const known = new Set(taken);
  let name = base;
  for (let count = 1; known.has(name); count += 1) name = `${base}${separator}${count}`;
  return name;
}
