import { type FieldError, fieldError } from '../../model/faults.ts';
import { perObject } from '../../model/perObject.ts';
import { type Answer, type Answers, answersIn } from '../../model/reads.ts';
import { podHashOf } from '../../model/workload.ts';
import { type Analysis, analysesOf, isBeforeStart } from '../release/analyses.ts';
import {
  currentHash,
  isAborted,
  isFullyPromoted,
  podTemplateOrStepsChanged,
  type Release,
} from '../release/release.ts';
import { runsOf } from '../release/runs.ts';
import { madeOf } from './check.ts';
import type { Merged } from './merged.ts';
import { isToBegin, placeOf } from './needs.ts';

type Made = { merged: Merged } | { faults: FieldError[] } | undefined;

const noTemplates: Record<string, Answer> = {};
const answersOf = perObject(
  (templates: Record<string, Answer>): Answers => answersIn(new Map(Object.entries(templates))),
);

/** What the run of an analysis is made of in this turn; or of one that begins later, as far as is known. */
export function madeIn(release: Release, analysis: Analysis, isAhead: boolean): Made {
  const { observed, rollout, stable } = release;
  const hashes = { stable: podHashOf(stable), latest: currentHash(release) };
  const answers = answersOf(observed.analysis?.templates ?? noTemplates);
  return madeOf(analysis, rollout, { place: placeOf(observed), answers, hashes, isAhead });
}

/**
 * The release with what is wrong with analyses that are still to begin. One that goes back needs none.
 * docs/adr/0063-when-templates-are-looked-at.md
 */
export function withAnalyses(release: Release): Release {
  const faults = analysisFaults(release);
  return faults.length > 0 ? { ...release, analysisFaults: faults } : release;
}

/** Of the step that the release is at, or in the background of it. */
function isDueAt({ rollout, status }: Release, { type, index }: Analysis): boolean {
  if (type === 'Background') return !isBeforeStart(rollout, status);
  return type === 'Step' && index === (status.currentStepIndex ?? 0);
}

function analysisFaults(release: Release): FieldError[] {
  const { rollout, status, observed } = release;
  const all = analysesOf(rollout);
  if (all.length === 0 || isAborted(release) || status.promoteFull) return [];
  const isNew = podTemplateOrStepsChanged(release) || !status.stableRS;
  if (!isNew && isFullyPromoted(release)) return [];
  const { unlisted } = observed.analysis ?? {};
  if (unlisted) {
    const message = `asks for runs, and those that there are cannot be listed: ${unlisted.why}`;
    return fieldError(all[0]?.path ?? '', message);
  }
  const runs = runsOf(release);
  const open = isNew ? all : all.filter((each) => isToBegin(each, rollout, runs));
  return open.flatMap((each) => {
    const made = madeIn(release, each, isNew || !isDueAt(release, each));
    return made && 'faults' in made ? made.faults : [];
  });
}
