import type { Sabotage } from './plant.ts';

// Bugs of a rollout that takes its template from a Deployment: whose pods go, and where Services lead.

const bugs: Sabotage[] = [
  {
    name: 'a Deployment loses its pods before the rollout has its own',
    file: 'lib/decide/strategy/workloadScaleDown.ts',
    find: "if (after.phase === 'Healthy') return 0;",
    replace: 'return 0;',
  },
  {
    name: 'a Deployment loses its pods although scaleDown says never',
    file: 'lib/decide/strategy/workloadScaleDown.ts',
    find: "if (scaleDown === 'never' || replicas === 0) return undefined;",
    replace: 'if (replicas === 0) return undefined;',
  },
  {
    name: 'a rollout without pods takes those of its Deployment',
    file: 'lib/decide/strategy/workloadScaleDown.ts',
    find: "if (scaleDown === 'never' || replicas === 0) return undefined;",
    replace: "if (scaleDown === 'never') return undefined;",
  },
  {
    name: 'pods that do not run yet take those of a Deployment',
    file: 'lib/decide/strategy/workloadScaleDown.ts',
    find: 'both - sum(all, availableOf)',
    replace: 'both - sum(all, (set) => set.spec?.replicas ?? 0)',
  },
  {
    name: 'a Deployment is not given back the pods that the rollout lost',
    file: 'lib/decide/strategy/workloadScaleDown.ts',
    find: 'Math.max(known, sizeOf(deployment))',
    replace: 'Math.min(known || sizeOf(deployment), sizeOf(deployment))',
  },
  {
    name: 'a template is written beside a reference that leads nowhere',
    file: 'lib/decide/release/workloadRef.ts',
    find: "return workloadFault ?? 'stands beside spec.template; remove one of the two';",
    replace: 'return undefined;',
  },
  {
    name: 'a wiped status begins a migration anew',
    file: 'lib/decide/strategy/workloadScaleDown.ts',
    find: 'return isSaid || (record?.healthyOnce',
    replace: 'return isSaid || (isSaid && record?.healthyOnce',
  },
  {
    name: 'a lost status leaves a rollout without pods',
    file: 'lib/decide/replicaSets/scale.ts',
    find: 'if (wanted > desiredOf(set)) resize(release, draft, set, wanted);',
    replace: '',
  },
  {
    name: 'Services lead to a rollout without pods, and its Deployment has some',
    file: 'lib/decide/strategy/services.ts',
    find: 'if (!service || !isHandedBack(release)) return false;',
    replace: 'if (!service || !isHandedBack(release) || service) return false;',
  },
  {
    name: 'a Service leaves the Deployment for pods that are not there yet',
    file: 'lib/decide/strategy/services.ts',
    find: 'if (!isFreeNow || mayTake(release, draft, hash))',
    replace: "if (!isFreeNow || hash !== '' || mayTake(release, draft, hash))",
  },
  {
    name: 'pods of a preview serve on the way back to the Deployment',
    file: 'lib/decide/replicaSets/scaleDownDelay.ts',
    find: 'if (sum(others, currentOf) > 0) return;',
    replace: '',
  },
  {
    name: 'the active Service is given back while pods of a preview run',
    file: 'lib/decide/strategy/services.ts',
    find: 'if (name === strategyOf(release).activeService && sum(going, currentOf) > 0) return false;',
    replace: '',
  },
];

export const workloadSabotages = bugs.map((bug): Sabotage => ({ ...bug, met: 'workload' }));
