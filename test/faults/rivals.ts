import type { Rollout } from '../../lib/model/argo.generated.ts';
import { fieldManager } from '../../lib/model/names.ts';
import { toTime } from '../../lib/model/units.ts';
import { versionOf } from '../../lib/model/workload.ts';
import { type Stage, target } from './stage.ts';

// Others that write the status.

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
    queueMicrotask(() => {
      if (versionOf(dog.live() ?? {}) !== versionOf(object)) return;
      cluster.patchStatus(target.namespace, target.name, patch, 'argo-cd');
    });
  });
}
