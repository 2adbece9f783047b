import type { ReplicaSet, Rollout } from '../../lib/model/argo.generated.ts';
import { hashLabel } from '../../lib/model/names.ts';
import { diffMergePatch } from '../../lib/model/patch.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { type Millis, toTime } from '../../lib/model/units.ts';
import { isControlledBy, revisionOf, uidOf } from '../../lib/model/workload.ts';

/** One write of the plugin: to the status subresource, or to the rest. */
export type PluginWrite = { subresource?: 'status'; patch: MergePatch };

type Seen = { rollout: Rollout; replicaSets: ReplicaSet[]; now: Millis };

/**
 * The writes `kubectl argo rollouts` makes for a command line such as `promote --full`, in order.
 * argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/promote/promote.go and its neighbours
 */
export function pluginWrites(line: string, seen: Seen): PluginWrite[] {
  const [verb, ...flags] = line.split(' ');
  switch (verb) {
    case 'promote':
      return promote(flags, seen.rollout);
    case 'abort':
      return [toStatus({ abort: true })];
    case 'retry':
      return [toStatus({ abort: false })];
    case 'pause':
      return [toSpec({ paused: true })];
    case 'restart':
      return [toSpec({ restartAt: toTime(seen.now) })];
    case 'undo':
      return undo(flags, seen);
    default:
      throw new Error(`the plugin's ${line} is not known here`);
  }
}

function toStatus(status: MergePatch): PluginWrite {
  return { subresource: 'status', patch: { status } };
}

function toSpec(spec: MergePatch): PluginWrite {
  return { patch: { spec } };
}

/** argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/promote/promote.go getPatches */
function promote(flags: string[], { spec = {}, status = {} }: Rollout): PluginWrite[] {
  const steps = spec.strategy?.canary?.steps ?? [];
  const following = Math.min((status.currentStepIndex ?? 0) + 1, steps.length);
  const unpause = spec.paused ? [toSpec({ paused: false })] : [];
  if (flags.includes('--skip-current-step')) return [toStatus({ currentStepIndex: following })];
  if (flags.includes('--skip-all-steps')) return [toStatus({ currentStepIndex: steps.length })];
  if (flags.includes('--full')) {
    const isReleasing = status.currentPodHash !== status.stableRS;
    return [...(isReleasing ? [toStatus({ promoteFull: true })] : []), ...unpause];
  }
  const isPaused = (status.pauseConditions ?? []).length > 0;
  const run = status.canary?.currentStepAnalysisRunStatus;
  if (run?.status === 'Inconclusive' && isPaused && status.controllerPause) {
    const passed = { pauseConditions: null, controllerPause: false, currentStepIndex: following };
    return [toStatus(passed), ...unpause];
  }
  if (isPaused) {
    return [toStatus({ pauseConditions: null }), ...unpause];
  }
  if (steps.length === 0) return unpause;
  return [toStatus({ pauseConditions: null, currentStepIndex: following }), ...unpause];
}

/** argo v1.10.1 pkg/kubectl-argo-rollouts/cmd/undo/undo.go: replaces the whole template. */
function undo(flags: string[], { rollout, replicaSets }: Seen): PluginWrite[] {
  const wanted = Number(flags[flags.indexOf('--to-revision') + 1] ?? 0);
  const owned = replicaSets
    .filter((set) => isControlledBy(set, uidOf(rollout)))
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  const chosen = flags.length === 0 ? owned[1] : owned.find((set) => revisionOf(set) === wanted);
  if (chosen === undefined) throw new Error('no revision to go back to');
  const { metadata = {}, ...rest } = chosen.spec?.template ?? {};
  const { [hashLabel]: _, ...labels } = metadata.labels ?? {};
  const template = diffMergePatch(rollout.spec?.template ?? {}, {
    ...rest,
    metadata: { ...metadata, labels },
  });
  return template === undefined ? [] : [toSpec({ template })];
}
