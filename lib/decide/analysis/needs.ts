import type { AnalysisRun, Rollout } from '../../model/argo.generated.ts';
import { stepHash } from '../../model/hash.ts';
import { hashLabel, instanceIdLabel } from '../../model/names.ts';
import type { ObservedAnalysis } from '../../model/observed.ts';
import { type Answer, type ListRead, type Need, okOf, readKey } from '../../model/reads.ts';
import { createdAt, isControlledBy, nameOf, uidOf } from '../../model/workload.ts';
import { type Analysis, type AnalysisType, analysesOf } from '../release/analyses.ts';
import type { Gathered, Seed } from '../release/gathered.ts';
import { hashOf } from '../release/ownSets.ts';
import { noted, phaseOf, runIn } from '../release/runs.ts';
import { typeFaults } from '../release/typeFaults.ts';
import { templatesOf } from './templates.ts';

// The runs of a rollout, and the templates of those that are still to be begun.

export function analysisNeeds(gathered: Gathered): Need[] {
  if (!isConcerned(gathered.seed)) return [];
  const list = runsRead(gathered);
  const runs: Need[] = list ? [{ read: list, bears: 'lasting' }] : [];
  const reads = openAnalyses(gathered).flatMap(({ given, path }) => {
    return templatesOf(given.templates ?? [], path, placeOf(gathered.seed), gathered.answers).reads;
  });
  return [...runs, ...reads.map((object): Need => ({ read: { object }, bears: 'lasting' }))];
}

/** What they were answered. */
export function analysisIn(gathered: Gathered): ObservedAnalysis | undefined {
  const { answers, seed } = gathered;
  if (!isConcerned(seed)) return undefined;
  const reads = analysisNeeds(gathered).map(({ read }) => read);
  const told = reads
    .filter((read) => 'object' in read)
    .map((read) => [readKey(read), answers.to(read)] as const)
    .filter((entry): entry is [string, Answer] => entry[1] !== undefined);
  const { runs, taken } = listed(gathered);
  const list = runsRead(gathered);
  const answer = list && answers.list(list);
  const { failed: why, remedy } = answer && 'failed' in answer ? answer : {};
  return {
    ...{ runs, taken, templates: Object.fromEntries(told) },
    ...(why !== undefined && { unlisted: { why, ...(remedy !== undefined && { remedy }) } }),
  };
}

export function placeOf({ key, instanceId }: Pick<Seed, 'key' | 'instanceId'>): {
  namespace: string;
  instanceId: string;
} {
  return { namespace: key.namespace, instanceId };
}

const types: AnalysisType[] = ['Step', 'Background', 'PrePromotion', 'PostPromotion'];

/** It asks for analyses, or has had some. */
function isConcerned({ rollout, record }: Seed): boolean {
  if (typeFaults(rollout).length > 0) return false;
  const status = rollout.status ?? {};
  const hasRuns = (record?.managed ?? []).some(({ kind }) => kind === 'AnalysisRun');
  return hasRuns || analysesOf(rollout).length > 0 || types.some((type) => noted(status, type));
}

/** All that carry the labels of its selector, as each of its runs does. */
function runsRead({ seed, template }: Gathered): ListRead<'AnalysisRun'> | undefined {
  if (!template) return undefined;
  const labels = Object.entries(template.rollout.spec?.selector?.matchLabels ?? {}).sort();
  const asked = labels.map(([key, value]) => `${key}=${value}`).join(',');
  return { list: 'AnalysisRun', namespace: seed.key.namespace, selector: asked || hashLabel };
}

function listed(gathered: Gathered): { runs: AnalysisRun[]; taken: string[]; isAnswered: boolean } {
  const { seed, answers } = gathered;
  const read = runsRead(gathered);
  const answer = read && answers.list(read);
  const all = (answer && okOf(answer)) ?? [];
  const isOwn = (run: AnalysisRun): boolean => {
    const label = run.metadata?.labels?.[instanceIdLabel] ?? '';
    return isControlledBy(run, uidOf(seed.rollout)) && label === seed.instanceId;
  };
  const runs = all.filter(isOwn);
  return {
    runs: runs.sort((a, b) => createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1)),
    taken: all.filter((run) => !isOwn(run)).map(nameOf),
    isAnswered: answer !== undefined,
  };
}

/**
 * Those for which a run may have to be begun in this turn or a later one of the release. What a run is made
 * of is in the run: docs/adr/0063-when-templates-are-looked-at.md
 */
function openAnalyses(gathered: Gathered): Analysis[] {
  const { seed, template } = gathered;
  const { rollout } = seed;
  const { status = {} } = rollout;
  const all = analysesOf(rollout);
  if (all.length === 0 || !template) return [];
  if (isNew(template.rollout)) return all;
  const isOver = status.stableRS === status.currentPodHash;
  if (isOver || status.abort === true || status.promoteFull === true) return [];
  const { runs, isAnswered } = listed(gathered);
  // Most runs that the status names are there: until the list says so, their templates are not asked for.
  const isOpen = (each: Analysis): boolean => isAnswered || !isUnderWay(each, rollout);
  return all.filter((each) => isOpen(each) && isToBegin(each, rollout, runs));
}

/**
 * By the status: it has a run, which has told or is going to. Where the pods' template is in another object
 * there is no round to spare.
 */
function isUnderWay({ type, index = 0 }: Analysis, { spec, status = {} }: Rollout): boolean {
  if (type === 'Step' && index !== (status.currentStepIndex ?? 0)) return false;
  if (spec?.workloadRef !== undefined) return false;
  const note = noted(status, type);
  return note !== undefined && note.status !== 'Inconclusive';
}

function isNew(rollout: Rollout): boolean {
  const { currentPodHash, currentStepHash = '', stableRS } = rollout.status ?? {};
  if (!currentPodHash || !stableRS) return true;
  const isOther = currentPodHash !== hashOf(rollout);
  return isOther || currentStepHash !== stepHash(rollout.spec?.strategy);
}

export function isToBegin(
  { type, index = 0 }: Analysis,
  rollout: Rollout,
  runs: AnalysisRun[],
): boolean {
  const { status = {} } = rollout;
  const at = status.currentStepIndex ?? 0;
  if (type === 'Step' && index !== at) return index > at;
  const run = runIn({ rollout, status, runs }, type);
  return run === undefined || phaseOf(run) === 'Inconclusive';
}
