import type { Rollout } from '../../lib/model/argo.generated.ts';
import { fieldManager } from '../../lib/model/names.ts';
import type { MergePatch } from '../../lib/model/plan.ts';
import { toTime } from '../../lib/model/units.ts';
import { nameOf, versionOf } from '../../lib/model/workload.ts';
import { type Stage, target } from './stage.ts';

// People and other controllers that write at the same time as Serin, or answer its write at the same moment.

/** Changes fields of the rollout's spec. */
type Edit = (spec: MergePatch) => unknown;

/** A command, and somebody who wants the opposite and is there right after its write. */
export async function takenBack(
  stage: Stage,
  verb: 'pause' | 'abort' | 'retry',
  { ask, edit }: { ask: () => Promise<unknown>; edit: Edit },
): Promise<void> {
  const { cluster } = stage;
  const wish = ({ spec, status }: Rollout): boolean =>
    (verb === 'pause' ? spec?.paused : status?.abort) ?? false;
  const stop = cluster.watch(({ kind, object, before, writer }) => {
    if (kind !== 'Rollout' || writer.manager !== fieldManager || before === undefined) return;
    const was = wish(before as Rollout);
    if (wish(object) === was) return;
    stop();
    if (stage.calmAt !== undefined) return;
    soonAfter(stage, () => {
      if (verb === 'pause') {
        void edit({ paused: was });
      } else cluster.patchStatus(target.namespace, target.name, { abort: was }, 'kubectl');
    });
  });
  try {
    await ask();
  } catch (error) {
    stop();
    throw error;
  }
}

/** Now, or a little after a release has begun. */
export function duringRelease(stage: Stage, deed: () => Promise<unknown>): Promise<unknown> {
  const { clock, cluster, dog } = stage;
  const isUnderWay = ({ status = {} }: Rollout): boolean => {
    const { stableRS, currentPodHash, abort } = status;
    return Boolean(stableRS && currentPodHash) && stableRS !== currentPodHash && abort !== true;
  };
  if (isUnderWay(dog.live() ?? {})) return deed();
  const stop = cluster.watch(({ kind, object }) => {
    if (kind !== 'Rollout' || !isUnderWay(object)) return;
    stop();
    clock.schedule(clock.now() + waitMs, () => {
      if (stage.calmAt === undefined) void deed().catch(() => undefined);
    });
  });
  return Promise.resolve();
}

/** Until the table knows of it, too. */
const waitMs = 2000;

/** The next time that Serin has switched the traffic somebody asks for a smaller preview. */
export function previewAfter(stage: Stage, previewReplicaCount: number, edit: Edit): void {
  const { cluster } = stage;
  const stop = cluster.watch(({ kind, object, writer }) => {
    if (kind !== 'Service' || nameOf(object) !== 'active') return;
    // The first version is no preview.
    const { stableRS, currentPodHash } = stage.dog.live()?.status ?? {};
    if (writer.manager !== fieldManager || stableRS === currentPodHash) return;
    stop();
    soonAfter(stage, () => void edit({ strategy: { blueGreen: { previewReplicaCount } } }));
  });
}

/** At the same moment, once the write that it follows is judged. */
function soonAfter({ clock }: Stage, deed: () => void): void {
  clock.schedule(clock.now(), deed);
}

/** Somebody who puts the phase back whenever Serin has written it. */
export function undoer(stage: Stage, writes: number): void {
  const { cluster, dog } = stage;
  let left = writes;
  const stop = cluster.watch(({ kind, object, before, writer }) => {
    if (kind !== 'Rollout' || writer.manager !== fieldManager || before === undefined) return;
    const { status: was } = before as Rollout;
    const { status: is } = object;
    if (was?.message === is?.message && was?.phase === is?.phase) return;
    left -= 1;
    if (left < 0 || stage.calmAt !== undefined) return stop();
    const patch = { phase: was?.phase ?? null, message: was?.message ?? null };
    soonAfter(stage, () => {
      if (versionOf(dog.live() ?? {}) !== versionOf(object)) return;
      cluster.patchStatus(target.namespace, target.name, patch, 'argo-cd');
    });
  });
}

const rivalPauseMs = 4300;

/** Another controller says what it sees, a few times in a row. */
export async function rival({ cluster, clock, dog }: Stage, writes: number): Promise<void> {
  for (let count = 0; count < writes; count += 1) {
    const { metadata, status = {} } = dog.live() ?? {};
    if (status.phase === undefined) return;
    const heartbeat = {
      type: 'Progressing',
      status: 'Unknown',
      reason: 'RivalSaysSo',
      message: `${count} at ${clock.now()}`,
      lastUpdateTime: toTime(clock.now()),
      lastTransitionTime: toTime(clock.now()),
    };
    const others = (status.conditions ?? []).filter(({ type }) => type !== 'Progressing');
    const patch = {
      status: {
        conditions: [...others, heartbeat],
        observedGeneration: String(metadata?.generation ?? 0),
      },
    };
    const options = { subresource: 'status' } as const;
    await cluster.as('rollouts-controller').patch({ kind: 'Rollout', ...target }, patch, options);
    await clock.sleepUntil(clock.now() + rivalPauseMs);
  }
}
