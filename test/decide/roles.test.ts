import { describe, expect, it } from 'vitest';
import { decide } from '../../lib/decide/rollout/decide.ts';
import type { Pod } from '../../lib/model/argo.generated.ts';
import { podTemplateHash } from '../../lib/model/hash.ts';
import { ephemeralMetadataAnnotation, hashLabel } from '../../lib/model/names.ts';
import { applyMergePatch } from '../../lib/model/patch.ts';
import { isPatchOf } from '../../lib/model/plan.ts';
import { make, start } from '../make.ts';
import { play } from './play.ts';

// What a ReplicaSet and its pods carry for being canary or stable.

const roles = {
  canaryMetadata: { labels: { role: 'canary', constructor: 'us' } },
  stableMetadata: { labels: { role: 'stable' } },
};

describe('metadata of a role', () => {
  /** Promoted: its ReplicaSet has the new role's metadata, and this pod not yet. */
  const promoted = (labels: Record<string, string>) => {
    const hash = make.hashOf('web:1');
    const note = JSON.stringify(roles.stableMetadata);
    const own = { app: 'web', [hashLabel]: hash };
    const set = make.revision(1, 'web:1', {
      metadata: { annotations: { [ephemeralMetadataAnnotation]: note } },
      spec: { template: { metadata: { labels: { ...own, role: 'stable' } } } },
    });
    const { apiVersion = '', kind = '' } = set;
    const { name = '', uid = '' } = set.metadata ?? {};
    const pod: Pod = {
      metadata: {
        ...{ name: 'web-1-x', namespace: 'shop', resourceVersion: '7' },
        labels: { ...own, ...labels },
        ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
      },
    };
    const rollout = make.released({ spec: { strategy: { canary: roles } } });
    const plan = decide(make.observed({ rollout, replicaSets: [set], pods: [pod] }), start);
    const write = plan.writes.find((each) => isPatchOf('Pod', each));
    return applyMergePatch(pod, write?.optional ?? {}).metadata?.labels;
  };
  const stable = { app: 'web', [hashLabel]: make.hashOf('web:1'), role: 'stable' };

  it('that a pod kept, because its patch failed once, is taken away', () => {
    expect(promoted({ role: 'canary', constructor: 'us' })).toEqual(stable);
  });

  it('is told from what somebody else put there', () => {
    expect(promoted({ role: 'stable', constructor: 'them', team: 'a' })).toEqual({
      ...stable,
      ...{ constructor: 'them', team: 'a' },
    });
  });
});

describe('an anti-affinity rule', () => {
  it('goes when it names no stable version any more, and the affinity of the template stays', () => {
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [] }],
      },
    };
    const stale = {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          labelSelector: {
            matchExpressions: [{ key: hashLabel, operator: 'In', values: ['older'] }],
          },
          topologyKey: 'kubernetes.io/hostname',
        },
      ],
    };
    const spec = { template: { spec: { affinity: { nodeAffinity } } } };
    const hash = podTemplateHash(applyMergePatch(make.rollout(), { spec }).spec?.template);
    const rollout = make.released({ spec, status: { currentPodHash: hash, stableRS: hash } });
    const set = make.revision(1, 'web:1', {
      metadata: { name: `web-${hash}`, labels: { [hashLabel]: hash } },
      spec: { template: { spec: { affinity: { nodeAffinity, podAntiAffinity: stale } } } },
    });
    const { observed } = play(make.observed({ rollout, replicaSets: [set] }), start);
    expect(observed.replicaSets).toHaveLength(1);
    expect(observed.replicaSets[0]?.spec?.template?.spec?.affinity).toEqual({ nodeAffinity });
  });
});
