import type { PodTemplateSpec, ReplicaSet, Rollout } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import { applyMergePatch, diffMergePatch } from '../../model/patch.ts';
import type { MergePatch } from '../../model/plan.ts';
import { nameOf, revisionOf } from '../../model/workload.ts';
import { withoutInjectedRule } from '../release/affinity.ts';
import { ownMetadata } from '../release/ephemeralMetadata.ts';
import type { CommandRule, CommandTerms } from './rule.ts';

export const undoTerms: CommandTerms<'undo'> = {
  objection: ({ revision, revisions }, { toRevision }) => {
    const others = revisions?.filter((each) => each !== revision) ?? [];
    const kept = others.length === 0 ? 'No other is kept.' : `Kept: ${others.join(', ')}.`;
    if (toRevision === revision) {
      return { text: `the rollout is at revision ${revision} already. ${kept}` };
    }
    if (revisions === undefined) return undefined;
    if (toRevision === undefined) {
      return others.length > 0
        ? undefined
        : { text: 'there is no earlier revision to go back to.' };
    }
    return others.includes(toRevision)
      ? undefined
      : { text: `there is no revision ${toRevision}. ${kept}` };
  },
  kubectl: ({ toRevision }) => ({
    plugin: 'undo',
    ...(toRevision !== undefined && { args: [`--to-revision=${toRevision}`] }),
  }),
};

export const undo: CommandRule<'undo'> = {
  terms: undoTerms,
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
