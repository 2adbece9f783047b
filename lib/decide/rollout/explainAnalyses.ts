import { pauseReasons } from '../../model/names.ts';
import { type Reason, safetyMs } from '../../model/plan.ts';
import { fromTime, type Millis } from '../../model/units.ts';
import { nameOf } from '../../model/workload.ts';
import { measuredText, nextMeasurement } from '../analysis/measured.ts';
import { typesOf } from '../analysis/outcome.ts';
import { faultReason, invalidRetryMs, specFault } from '../guards/guards.ts';
import type { AnalysisType } from '../release/analyses.ts';
import type { Release } from '../release/release.ts';
import { currentRun, isEnded, noted, runsOf } from '../release/runs.ts';
import { faultLine } from '../release/typeFaults.ts';

const words: Record<AnalysisType, string> = {
  Step: 'The analysis of the step',
  Background: 'The background analysis',
  PrePromotion: 'The analysis before the switch',
  PostPromotion: 'The analysis after the switch',
};

/** What analyses have to say of the release. */
export function analysisReasons(release: Release): Reason[] {
  const reasons = [faultOf(release), inconclusiveOf(release), ...runningOf(release)];
  return reasons.filter((reason) => reason !== undefined);
}

/** When to look again for them. That a run has ended is announced, and is looked for all the same. */
export function analysisWakes(release: Release): [Millis, string][] {
  const { analysisFaults = [], now, fault } = release;
  const isRunning = openTypes(release).length > 0;
  return [
    ...(analysisFaults.length > 0 && !fault
      ? [[now + invalidRetryMs, 'the templates, which may be mended'] as [Millis, string]]
      : []),
    ...(isRunning ? [[now + safetyMs, 'an analysis that goes on'] as [Millis, string]] : []),
  ];
}

function openTypes(release: Release): AnalysisType[] {
  return typesOf(release).filter((type) => {
    const run = currentRun(release, type);
    // One that this turn creates is named by the status, and has not been seen.
    return run ? !isEnded(run) : noted(release.status, type) !== undefined;
  });
}

function faultOf({ observed, analysisFaults = [], fault }: Release): Reason | undefined {
  if (analysisFaults.length === 0 || fault) return undefined;
  const { remedy } = observed.analysis?.unlisted ?? {};
  const said = specFault(observed, analysisFaults.map(faultLine));
  return faultReason({ ...said, field: 'what it names', ...(remedy !== undefined && { remedy }) });
}

function runningOf(release: Release): Reason[] {
  return openTypes(release).map((type) => {
    const run = currentRun(release, type);
    const name = run ? nameOf(run) : noted(release.status, type)?.name;
    const measured = run ? measuredText(run) : '';
    const { startedAt } = run?.status ?? {};
    return {
      text: `${words[type]} goes on, run ${name}${measured && `: ${measured}`}.`,
      ...(startedAt && { since: fromTime(startedAt) }),
      ...(run && nextMeasurement(run)),
      unblock: 'its end',
    };
  });
}

function inconclusiveOf(release: Release): Reason | undefined {
  const { pauseConditions = [] } = release.status;
  const pause = pauseConditions.find(({ reason }) => reason === pauseReasons.inconclusive);
  if (!pause) return undefined;
  const names = typesOf(release).map((type) => noted(release.status, type));
  const { name } = names.find((note) => note?.status === 'Inconclusive') ?? {};
  const run = runsOf(release).find((each) => nameOf(each) === name);
  const measured = run ? measuredText(run) : '';
  const which = name === undefined ? 'An analysis' : `Analysis run ${name}`;
  return {
    text: `${which} could not tell whether the new version is good${measured && `: ${measured}`}.`,
    since: fromTime(pause.startTime),
    unblock: 'look at what it measured, then promote to go on, or abort',
  };
}
