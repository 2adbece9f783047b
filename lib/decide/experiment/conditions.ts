import type { ExperimentCondition, ExperimentStatus } from '../../model/argo.generated.ts';
import { toTime } from '../../model/units.ts';
import { nameOf } from '../../model/workload.ts';
import { endAt } from './ending.ts';
import type { Facts } from './facts.ts';
import { countsOf } from './templates.ts';

// Word for word. argo v1.10.1 utils/conditions/experiments.go, experiments/conditions.go

type Value = Pick<ExperimentCondition, 'status' | 'reason' | 'message'>;

/** The conditions that follow from the rest of the status. */
export function withConditions(facts: Facts, after: ExperimentStatus): ExperimentStatus {
  const sound = without(after, 'InvalidSpec');
  const name = nameOf(facts.experiment);
  if (after.phase === 'Successful') {
    const message = `Experiment "${name}" has successfully ran and completed.`;
    return set(facts, sound, { status: 'False', reason: 'ExperimentCompleted', message });
  }
  if (hasProgressed(facts.status, after)) {
    const message = `Experiment "${name}" is progressing.`;
    const said: Value = { status: 'True', reason: 'ReplicaSetUpdated', message };
    // It begins anew with each step forward.
    return set(facts, sound, said, true);
  }
  if (!isRunning(facts)) return sound;
  const message = `Experiment "${name}" is running.`;
  return set(facts, sound, { status: 'True', reason: 'NewReplicaSetAvailable', message });
}

export function withInvalidSpec(facts: Facts, message: string): ExperimentStatus {
  const before = find(facts.status, 'InvalidSpec');
  if (before?.message === message) return facts.status;
  const said: Value = { status: 'True', reason: 'InvalidSpec', message };
  return put(facts, without(facts.status, 'InvalidSpec'), 'InvalidSpec', said);
}

function hasProgressed(before: ExperimentStatus, after: ExperimentStatus): boolean {
  const old = before.templateStatuses ?? [];
  const now = after.templateStatuses ?? [];
  if (old.length < now.length) return true;
  return old.some((each) => {
    const found = now.find(({ name }) => name === each.name);
    return found !== undefined && countsOf(found) !== countsOf(each);
  });
}

function isRunning({ experiment, status, now }: Facts): boolean {
  return status.availableAt !== undefined && now < (endAt(experiment) ?? Number.POSITIVE_INFINITY);
}

function set(
  facts: Facts,
  status: ExperimentStatus,
  said: Value,
  isAnew = false,
): ExperimentStatus {
  const before = find(status, 'Progressing');
  const isSame = before?.status === said.status && before.reason === said.reason;
  return isSame && !isAnew ? status : put(facts, status, 'Progressing', said);
}

/** The time of the last transition moves only with the status. */
function put(
  { now }: Facts,
  status: ExperimentStatus,
  type: string,
  said: Value,
): ExperimentStatus {
  const before = find(status, type);
  const time = toTime(now);
  const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : time;
  const condition = { type, ...said, lastUpdateTime: time, lastTransitionTime };
  const others = (status.conditions ?? []).filter((each) => each.type !== type);
  return { ...status, conditions: [...others, condition] };
}

function find(
  { conditions = [] }: ExperimentStatus,
  type: string,
): ExperimentCondition | undefined {
  return conditions.find((each) => each.type === type);
}

function without(status: ExperimentStatus, type: string): ExperimentStatus {
  if (!find(status, type)) return status;
  return { ...status, conditions: (status.conditions ?? []).filter((each) => each.type !== type) };
}
