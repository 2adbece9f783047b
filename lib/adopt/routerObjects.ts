import { isRouted } from '../decide/release/traffic.ts';
import { typeFaults } from '../decide/release/typeFaults.ts';
import { routeAnswers, routersIn } from '../decide/traffic/routed.ts';
import type { Rollout } from '../model/argo.generated.ts';
import { type ObjectRef, refText, rowOf } from '../model/kinds.ts';
import { instanceIdLabel } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { answersIn, okOf } from '../model/reads.ts';
import { isControlledBy, nameOf, uidOf } from '../model/workload.ts';

// The objects of routers at a takeover: whose they are, and which of them another controller still writes.

export type RouterObject = {
  /** Kind and name. */
  object: string;
  /** Made for the rollout, and gone with it; or somebody's own, of which only the weights are set. */
  whose: 'the rollout' | 'somebody';
  /** Who wrote it last. */
  writtenBy?: string;
};

export function routerObjectsOf(observed: Observed): RouterObject[] {
  const { rollout } = observed;
  if (!isRouted(rollout)) return [];
  const answers = routeAnswers(observed);
  const refs = routersIn(rollout, answers).flatMap(({ router, routed }) =>
    router.needs(routed).flatMap(({ read }) => ('object' in read ? [read.object] : [])),
  );
  return refs.flatMap((ref): RouterObject[] => {
    const found = okOf(answers.object(ref));
    if (!found) return [];
    const isOwn = isControlledBy(found, uidOf(rollout));
    const writtenBy = lastWriter(found);
    return [
      {
        object: `${rowOf(ref.kind).kind ?? ref.kind} ${ref.name}`,
        whose: isOwn ? 'the rollout' : 'somebody',
        ...(writtenBy !== undefined && { writtenBy }),
      },
    ];
  });
}

type Written = { metadata?: Rollout['metadata'] };

function lastWriter({ metadata }: Written): string | undefined {
  const entries = (metadata?.managedFields ?? []).filter(({ subresource }) => !subresource);
  const [last] = entries.sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return last?.manager;
}

/**
 * The Ingresses whose ALB actions Serin would write and the controller of another instance goes on to write:
 * both put their paths before all others, and name what they manage in one annotation.
 */
export function sharedIngresses(
  rollouts: Rollout[],
  instanceId: string,
): { where: string; message: string }[] {
  const users = new Map<string, Rollout[]>();
  for (const rollout of rollouts) {
    for (const ref of albIngresses(rollout)) {
      const where = refText(ref);
      users.set(where, [...(users.get(where) ?? []), rollout]);
    }
  }
  return [...users].flatMap(([where, all]) => {
    const isOurs = (rollout: Rollout) => instanceOf(rollout) === instanceId;
    const others = all.filter((rollout) => !isOurs(rollout));
    const [ours] = all.filter(isOurs);
    if (!ours || others.length === 0) return [];
    const named = others.map(
      (rollout) => `${nameOf(rollout)} (instance ${instanceOf(rollout) || 'without an id'})`,
    );
    const message =
      `has ALB actions of ${nameOf(ours)}, which Serin would write, and of ${named.join(', ')}, which ` +
      'another controller writes: take them over together, or give each an Ingress of its own';
    return [{ where, message }];
  });
}

function instanceOf({ metadata }: Rollout): string {
  return metadata?.labels?.[instanceIdLabel] ?? '';
}

function albIngresses(rollout: Rollout): ObjectRef[] {
  if (!isRouted(rollout) || typeFaults(rollout).length > 0) return [];
  const alb = routersIn(rollout, answersIn(new Map())).filter(
    ({ router }) => router.name === 'alb',
  );
  return alb.flatMap(({ router, routed }) =>
    router.needs(routed).flatMap(({ read }) => ('object' in read ? [read.object] : [])),
  );
}
