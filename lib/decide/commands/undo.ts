import type { PodTemplateSpec, ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import { applyMergePatch, diffMergePatch } from '../../model/patch.ts';
import type { MergePatch } from '../../model/plan.ts';
import { nameOf, revisionOf } from '../../model/workload.ts';
import { withoutInjectedRule } from '../release/affinity.ts';
import { ownMetadata } from '../release/ephemeralMetadata.ts';
import type { CommandRule } from './rule.ts';

export const undo: CommandRule<'undo'> = {
  ofTemplate: true,
  judge: ({ rollout, replicaSets }, { toRevision = 0 }, { applying }) => {
    const sets = [...replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a));
    const known = sets.map((set) => revisionOf(set));
    const target = toRevision === 0 ? sets[1] : sets.find((set) => revisionOf(set) === toRevision);
    const template = target?.spec?.template;
    if (!target || !template) {
      const list = known.length > 0 ? known.join(', ') : 'none';
      return toRevision === 0
        ? { refuse: 'There is no earlier revision to go back to.' }
        : { refuse: `There is no revision ${toRevision} any more. Kept revisions: ${list}.` };
    }
    const plain = plainTemplate(target, template, rollout);
    const change = diffMergePatch(rollout.spec?.template ?? {}, plain);
    const detail = `The template of ${nameOf(target)} is back in the spec.`;
    if (change !== undefined) return { deed: { template: change, detail } };
    return applying
      ? { done: detail }
      : { refuse: `The spec has the template of ${nameOf(target)} already.` };
  },
};

/** The template without what was put into the ReplicaSet for its role. */
function plainTemplate(set: ReplicaSet, template: PodTemplateSpec, rollout: Rollout): MergePatch {
  const metadata = ownMetadata(set, rollout);
  const { affinity: injected, ...spec } = template.spec ?? { containers: [] };
  const affinity = withoutInjectedRule(injected, rollout);
  const plain = { metadata, spec: { ...spec, ...(affinity && { affinity }) } };
  return applyMergePatch<MergePatch>(plain, {
    metadata: { creationTimestamp: null, labels: { [hashLabel]: null } },
  });
}
