import type { AnalysisRunStatus, MetricResult } from '../../model/argo.generated.ts';
import type { Write } from '../../model/plan.ts';
import type { Millis } from '../../model/units.ts';
import { askedOf, secretsIn } from './asked.ts';
import type { Gathered, Standing } from './gathered.ts';
import { measurementOf } from './judge.ts';
import type { Asked, Measured } from './providers/provider.ts';
import { providerOf } from './providers/providers.ts';
import { withMeasurement, withResult } from './results.ts';
import { withoutSecrets } from './secrets.ts';

type Open = Extract<Standing, { is: 'open' }>;
export type Taken = { status: AnalysisRunStatus; writes: Write[] };

/**
 * The status with what was measured in this turn, and what is created and deleted for it; or why the run
 * cannot go on.
 */
export function measure(
  gathered: Gathered,
  { status, due, dry }: Open,
  now: Millis,
): Taken | { message: string } {
  if (due.length === 0) return { status, writes: [] };
  const found = secretsIn(gathered) ?? { secrets: new Map() };
  if ('message' in found) return found;
  let taken: Taken = { status, writes: [] };
  for (const each of due) {
    const asked = askedOf(gathered, each, { ...found, now });
    if ('message' in asked) return asked;
    const measured = each.ends ? stopped(asked, gathered) : measuredNow(asked, gathered);
    if (measured === undefined) continue;
    const writes = 'writes' in measured ? (measured.writes ?? []) : [];
    const result = withMeasurement(
      each.result ?? begun(asked, dry),
      measurementOf(asked.metric, measured, { before: each.running, now }),
      each.running !== undefined,
    );
    const safe = withoutSecrets(result, found.secrets.values());
    taken = { status: withResult(taken.status, safe), writes: [...taken.writes, ...writes] };
  }
  return taken;
}

function measuredNow(asked: Asked, { answers }: Gathered): Measured | undefined {
  const provider = providerOf(asked.metric);
  if (provider) return provider.measured(asked, answers);
  return { error: `no valid provider in metric '${asked.metric.name}'` };
}

/** Undefined of one that nothing ends. argo v1.10.1 analysis/analysis.go runMeasurements */
function stopped(asked: Asked, { answers }: Gathered): Measured | undefined {
  const writes = providerOf(asked.metric)?.stop?.writes(asked, answers);
  return writes && { phase: 'Inconclusive', message: 'Metric Terminated', writes };
}

function begun({ metric }: Asked, dry: ReadonlySet<string>): MetricResult {
  const metadata = providerOf(metric)?.metadata?.(metric) ?? {};
  return {
    name: metric.name,
    phase: 'Running',
    ...(dry.has(metric.name) && { dryRun: true }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}
