import type { AnalysisRun, AnalysisRunStatus } from '../../model/argo.generated.ts';
import { own } from '../../model/own.ts';
import { fromTime, type Millis, secondMs } from '../../model/units.ts';
import { isEnded } from './phases.ts';

/**
 * When a run that has ended is deleted; undefined where it stays. argo v1.10.1 analysis/analysis.go
 * isAnalysisRunTtlExceeded, but for the time: docs/adr/0059-a-run-goes-on-its-time.md
 */
export function expiryOf({ spec }: AnalysisRun, status: AnalysisRunStatus): Millis | undefined {
  const { phase, completedAt } = status;
  const { secondsAfterSuccess, secondsAfterFailure, secondsAfterCompletion } =
    spec?.ttlStrategy ?? {};
  if (!isEnded(phase) || !completedAt) return undefined;
  const ofPhase = own(
    { Successful: secondsAfterSuccess, Failed: secondsAfterFailure },
    phase as string,
  );
  const seconds = ofPhase ?? secondsAfterCompletion;
  return seconds === undefined ? undefined : fromTime(completedAt) + seconds * secondMs;
}
