import type { AnalysisRunStatus, MetricResult } from '../../model/argo.generated.ts';
import type { Bug, Write } from '../../model/plan.ts';
import type { Millis } from '../../model/units.ts';
import { askedOf, secretsIn } from './asked.ts';
import type { Due } from './due.ts';
import type { Gathered, Standing } from './gathered.ts';
import { measurementOf } from './judge.ts';
import { needsOf } from './needs.ts';
import type { Asked, Measured } from './providers/provider.ts';
import { providerOf } from './providers/providers.ts';
import { withMeasurement, withResult } from './results.ts';
import { withoutSecrets } from './secrets.ts';

type Open = Extract<Standing, { is: 'open' }>;
export type Taken = { status: AnalysisRunStatus; writes: Write[]; bugs: Bug[] };

/**
 * The status with what was measured in this turn, and what is created and deleted for it; or why the run
 * cannot go on.
 */
export function measure(
  gathered: Gathered,
  { status, due, dry }: Open,
  now: Millis,
): Taken | { message: string } {
  if (due.length === 0) return { status, writes: [], bugs: [] };
  const found = secretsIn(gathered) ?? { secrets: new Map() };
  if ('message' in found) return found;
  let taken: Taken = { status, writes: [], bugs: [] };
  for (const each of due) {
    const asked = askedOf(gathered, each, { ...found, now });
    if ('message' in asked) return asked;
    const one = measureOne(gathered, each, { asked, dry, now });
    if (one === undefined) continue;
    const safe = withoutSecrets(one.result, found.secrets.values());
    taken = {
      status: withResult(taken.status, safe),
      writes: [...taken.writes, ...one.writes],
      bugs: [...taken.bugs, ...one.bugs],
    };
  }
  return taken;
}

type One = { result: MetricResult; writes: Write[]; bugs: Bug[] };
type Turn = { asked: Asked; dry: ReadonlySet<string>; now: Millis };

/**
 * What nobody foresaw is an error of this measurement, as what a metric's source answers is: thrown on, it
 * would keep the run from ever coming to its end. docs/adr/0105-what-an-evaluation-may-cost.md
 */
function measureOne(gathered: Gathered, due: Due, turn: Turn): One | undefined {
  const { asked, dry, now } = turn;
  const taken = (before: MetricResult, measured: Measured): MetricResult =>
    withMeasurement(
      before,
      measurementOf(asked.metric, measured, { before: due.running, now }),
      due.running !== undefined,
    );
  try {
    // A mistake in asking has left it without an answer, which it would wait for.
    needsOf(gathered, due, asked);
    const measured = due.ends ? stopped(asked, gathered) : measuredNow(asked, gathered);
    if (measured === undefined) return undefined;
    const writes = 'writes' in measured ? (measured.writes ?? []) : [];
    const metadata = () => providerOf(asked.metric)?.metadata?.(asked.metric);
    return {
      result: taken(due.result ?? begun(asked, dry, metadata()), measured),
      writes,
      bugs: [],
    };
  } catch (error) {
    const result = taken(due.result ?? begun(asked, dry), { error: ownMistake });
    const bug = { what: `the measurement of ${asked.metric.name}`, at: placeOf(error) };
    return { result, writes: [], bugs: [bug] };
  }
}

const ownMistake = 'Serin made a mistake in measuring; its log says where';

/** The kind of an error and the lines that it passed, without its message. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const lines = (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line));
  return [error.name, ...lines.slice(0, 5).map((line) => line.trim())].join(' ');
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

function begun(
  { metric }: Asked,
  dry: ReadonlySet<string>,
  metadata: Record<string, string> = {},
): MetricResult {
  return {
    name: metric.name,
    phase: 'Running',
    ...(dry.has(metric.name) && { dryRun: true }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}
