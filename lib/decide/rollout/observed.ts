import type { Rollout } from '../../model/argo.generated.ts';
import { hashLabel } from '../../model/names.ts';
import type { Observed } from '../../model/observed.ts';
import { perObject } from '../../model/perObject.ts';
import type { Answers } from '../../model/reads.ts';
import { podHashOf } from '../../model/workload.ts';
import { analysisIn } from '../analysis/needs.ts';
import { experimentsIn } from '../experiments/needs.ts';
import { unsupported, validate } from '../guards/validate.ts';
import type { Gathered, Seed, Template } from '../release/gathered.ts';
import { hashOf, ownSets } from '../release/ownSets.ts';
import { selectorText } from '../release/selector.ts';
import { typeFaults } from '../release/typeFaults.ts';
import { type Source, sourceOf } from '../release/workloadRef.ts';
import { dryRunOf } from '../replicaSets/dryRun.ts';
import { ownPods } from '../replicaSets/pods.ts';
import { ownServices } from '../strategy/ownServices.ts';
import { routesIn } from '../traffic/needs.ts';

/** What the answers so far tell of a rollout. */
export function gather(seed: Seed, answers: Answers): Gathered {
  const source = sourceOf({ seed, answers });
  if (!source) return { seed, answers };
  const known = { seed, answers, template: templateOf(source) };
  const sets = ownSets(known);
  return { ...known, ...(sets && { sets }) };
}

function templateOf(source: Source): Template {
  const { isSound, ...checked } = checkedOf(source.rollout);
  return { ...source, ...checked, isSound: isSound && source.workloadFault === undefined };
}

/** The same in each round. */
const checkedOf = perObject((rollout: Rollout) => {
  const isTyped = typeFaults(rollout).length === 0;
  const faults = isTyped ? validate(rollout) : [];
  const canSelect = isTyped && !faults.some(({ path }) => path.startsWith('spec.selector'));
  return {
    isTyped,
    isSound: isTyped && faults.length === 0 && unsupported(rollout) === undefined,
    canSelect,
    selector: (canSelect && selectorText(rollout.spec?.selector)) || hashLabel,
  };
});

/**
 * Everything one turn knows, once all that it needs is answered; undefined before that. `appeared`: the name
 * of a ReplicaSet that was created after they were listed.
 */
export function observedIn(
  seed: Seed,
  answers: Answers,
): Observed | { appeared: string } | undefined {
  const gathered = gather(seed, answers);
  const { template, sets } = gathered;
  if (!template || !sets) return undefined;
  const dryRun = dryRunOf(gathered);
  if (dryRun && 'appeared' in dryRun) return dryRun;
  const { key, record, instanceId, doorbell, unverified } = seed;
  const { rollout, workload, workloadFault, workloadRemedy, canSelect } = template;
  const pods = ownPods(gathered);
  const routes = routesIn(gathered);
  const analysis = analysisIn(gathered);
  const experiments = experimentsIn(gathered);
  // One that has the hash of this template and another template is no ReplicaSet of this rollout.
  const isOurs = dryRun?.replicaSet !== undefined;
  const orphans = canSelect
    ? sets.orphans.filter((set) => isOurs || podHashOf(set) !== hashOf(rollout))
    : [];
  return {
    ...{ key, rollout, instanceId, doorbell },
    ...(unverified && { unverified }),
    ...(workload && { workload }),
    ...(workloadFault !== undefined && { workloadFault }),
    ...(workloadRemedy && { workloadRemedy }),
    replicaSets: sets.owned,
    ...(orphans.length > 0 && { orphans }),
    services: ownServices(gathered),
    ...(pods && { pods }),
    ...(Object.keys(routes).length > 0 && { routes }),
    ...(analysis && { analysis }),
    ...(experiments && { experiments }),
    ...(dryRun && { dryRun }),
    ...(record && { record }),
  };
}
