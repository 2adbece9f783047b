import { isDeepStrictEqual } from 'node:util';
import { newReplicaSet } from '../../lib/decide/replicaSets/revision.ts';
import type {
  ObjectMeta,
  ReplicaSet,
  Rollout,
  RolloutStatus,
} from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { ephemeralMetadataAnnotation, replacedMetadataAnnotation } from '../../lib/model/names.ts';
import { annotationsMax, bytesOf, wrongIf } from './rules.ts';

// The ReplicaSets that a sound Rollout will have.

/** One of them, and where the metadata of its role is, if it has any. */
export type RoleSet = { set: ReplicaSet; role?: string };

/** As it is made in either role, once where that is the same; but nobody's: the Rollout need not be there. */
export function replicaSetsOf(rollout: Rollout, namespace: string): RoleSet[] {
  const { canary, blueGreen } = rollout.spec?.strategy ?? {};
  const stableRole = canary?.stableMetadata
    ? 'canary.stableMetadata'
    : blueGreen?.activeMetadata && 'blueGreen.activeMetadata';
  const nextRole = canary?.canaryMetadata
    ? 'canary.canaryMetadata'
    : blueGreen?.previewMetadata && 'blueGreen.previewMetadata';
  const stable = {
    set: replicaSetOf(rollout, namespace, {}),
    ...(stableRole && { role: `spec.strategy.${stableRole}` }),
  };
  const next = {
    set: replicaSetOf(rollout, namespace, { stableRS: 'another' }),
    ...(nextRole && { role: `spec.strategy.${nextRole}` }),
  };
  return isDeepStrictEqual(stable.set, next.set) ? [stable] : [stable, next];
}

function replicaSetOf(rollout: Rollout, namespace: string, status: RolloutStatus): ReplicaSet {
  const { metadata, spec } = rollout;
  const name = metadata?.name || `${metadata?.generateName || 'rollout-'}x`;
  const named = { ...rollout, metadata: { ...metadata, name, namespace }, status };
  const set = newReplicaSet(named, podTemplateHash(spec?.template), 1);
  const { ownerReferences: _, ...own } = set.metadata ?? {};
  return { ...set, metadata: own };
}

/** Annotations that are not too many where they stand, but are where they come together. */
export function sizeFaults(rollout: Rollout): FieldError[] {
  const ofTemplate = bytesOf(rollout.spec?.template?.metadata?.annotations);
  return replicaSetsOf(rollout, 'default').flatMap(({ set, role }) => {
    const inTemplate = bytesOf(set.spec?.template?.metadata?.annotations);
    const inSet = bytesOf(set.metadata?.annotations);
    const isRole = role !== undefined && bytesOf(withoutNotes(set.metadata)) <= annotationsMax;
    return [
      ...wrongIf(
        inTemplate > annotationsMax && ofTemplate <= annotationsMax,
        `${role}.annotations`,
        `are with those of the template ${inTemplate} bytes; at most ${annotationsMax}`,
      ),
      ...wrongIf(
        inSet > annotationsMax,
        isRole ? role : 'metadata.annotations',
        `${isRole ? 'is' : 'are'} with what else is noted in its ReplicaSet ${inSet} bytes; at most ` +
          annotationsMax,
      ),
    ];
  });
}

/** Each ReplicaSet remembers what it was given for its role. */
function withoutNotes({ annotations }: ObjectMeta = {}): Record<string, string> {
  const { [ephemeralMetadataAnnotation]: _, ...more } = annotations ?? {};
  const { [replacedMetadataAnnotation]: __, ...others } = more;
  return others;
}
