import { isEnded } from '../decide/analysisRun/phases.ts';
import { expiryOf } from '../decide/analysisRun/ttl.ts';
import { NotFound, Terminal } from '../errors.ts';
import type { AnalysisRun } from '../model/argo.generated.ts';
import type { Key } from '../model/key.ts';
import { instanceIdLabel } from '../model/names.ts';
import { ownKey } from '../queue/keys.ts';
import type { Cluster } from '../world.ts';

/**
 * The runs of this instance that go on, or are to be deleted some time. Where Serin may not see runs, or
 * nothing is known of them, it drives none.
 */
export async function openRuns(
  cluster: Cluster,
  { name, instanceId }: { name: string; instanceId: string },
): Promise<Key[]> {
  const runs = await cluster.list('AnalysisRun', '').catch(ifNone);
  return runs.flatMap((run) => {
    const isOurs = (run.metadata?.labels?.[instanceIdLabel] ?? '') === instanceId;
    const key = ownKey(name, run, 'AnalysisRun');
    return isOurs && key && isOpen(run) ? [key] : [];
  });
}

function isOpen(run: AnalysisRun): boolean {
  const { status = { phase: '' } } = run;
  return !isEnded(status.phase) || expiryOf(run, status) !== undefined;
}

function ifNone(error: unknown): [] {
  if (error instanceof Terminal || error instanceof NotFound) return [];
  throw error;
}
