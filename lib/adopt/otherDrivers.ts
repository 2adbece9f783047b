import { isOfController, lastDriver } from '../decide/guards/conflictingController.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { fieldManager } from '../model/names.ts';
import type { Millis } from '../model/units.ts';
import type { ReadableCluster } from '../world.ts';
import { findControllers, writersOf } from './adopt.ts';
import type { Scope } from './argoController.ts';

/** Named one by one; of more their number is enough. */
const namedMax = 20;

/** Whether any controller but Serin has written to its status. */
export function isDrivenByOthers({ metadata }: Rollout): boolean {
  const entries = metadata?.managedFields ?? [];
  return entries.some((entry) => entry.manager !== fieldManager && isOfController(entry));
}

/**
 * What to say at the start of who else drives the rollouts that Serin is to drive: Argo's controllers with
 * what would stop them, and the rollouts. Nothing where nobody does.
 */
export async function otherDrivers(
  live: ReadableCluster,
  scope: Scope,
  { rollouts, now }: { rollouts: Rollout[]; now: () => Millis },
): Promise<string[]> {
  const { controllers } = await findControllers(live, scope, now);
  const rivals = controllers.filter(({ isRival }) => isRival);
  const written = new Map(
    writersOf(rollouts, now()).map((each) => [
      `${each.namespace}/${each.name}`,
      `${each.manager} wrote to its status ${each.secondsAgo}s ago`,
    ]),
  );
  const driven = rollouts.flatMap((rollout) => {
    const name = `${rollout.metadata?.namespace}/${rollout.metadata?.name}`;
    const driver = lastDriver(rollout);
    const isTheirs = rivals.length > 0 && driver !== undefined && driver !== fieldManager;
    const how = written.get(name) ?? (isTheirs ? `${driver} wrote to its status last` : undefined);
    return how === undefined ? [] : [`${name}: ${how}`];
  });
  if (rivals.length === 0 && driven.length === 0) return [];
  const more = driven.length - namedMax;
  return [
    ...rivals.map(
      ({ kind, namespace, name, state, drives, remedy }) =>
        `another controller drives ${drives}: ${kind} ${namespace}/${name} ${state}; to stop it: ${remedy}`,
    ),
    ...(driven.length > 0
      ? ['driven by another controller (Serin keeps away from each that it sees it write to):']
      : []),
    ...driven.slice(0, namedMax).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
