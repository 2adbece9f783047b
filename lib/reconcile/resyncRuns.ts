import { isEnded } from '../decide/analysisRun/phases.ts';
import { expiryOf } from '../decide/analysisRun/ttl.ts';
import { NotFound, Terminal } from '../errors.ts';
import type { AnalysisRun, Experiment } from '../model/argo.generated.ts';
import type { Key } from '../model/key.ts';
import type { Kind } from '../model/kinds.ts';
import { instanceIdLabel } from '../model/names.ts';
import { ownKey } from '../queue/keys.ts';
import type { Cluster } from '../world.ts';

type Place = { name: string; instanceId: string };

/**
 * The runs and Experiments of this instance that go on, or are to be deleted. Where Serin may not see
 * them, or nothing is known of them, it drives none.
 */
export async function openRuns(cluster: Cluster, place: Place): Promise<Key[]> {
  const [runs, experiments] = await Promise.all([
    cluster.list('AnalysisRun', '').catch(ifNone),
    cluster.list('Experiment', '').catch(ifNone),
  ]);
  return [
    ...runs.filter(isOpen).flatMap((run) => keyIn(place, run, 'AnalysisRun')),
    ...experiments.filter(goesOn).flatMap((each) => keyIn(place, each, 'Experiment')),
  ];
}

function keyIn({ name, instanceId }: Place, object: AnalysisRun | Experiment, kind: Kind): Key[] {
  const isOurs = (object.metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
  const key = ownKey(name, object, kind);
  return isOurs && key ? [key] : [];
}

/** Or its pods do, which are kept for a while; or a run. One that was never begun has no name. */
function goesOn({ status = {} }: Experiment): boolean {
  const { templateStatuses = [], analysisRuns = [] } = status;
  const hasPods = templateStatuses.some(({ replicas }) => replicas > 0);
  const hasRuns = analysisRuns.some((each) => each.analysisRun !== '' && !isEnded(each.phase));
  return !isEnded(status.phase) || hasPods || hasRuns;
}

function isOpen(run: AnalysisRun): boolean {
  const { status = { phase: '' } } = run;
  return !isEnded(status.phase) || expiryOf(run, status) !== undefined;
}

function ifNone(error: unknown): [] {
  if (error instanceof Terminal || error instanceof NotFound) return [];
  throw error;
}
