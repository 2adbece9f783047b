import type {
  AnalysisRun,
  AnalysisTemplateSpec,
  Measurement,
  MetricResult,
} from '../../lib/model/argo.generated.ts';
import { fieldManager } from '../../lib/model/names.ts';
import { fromTime, secondMs } from '../../lib/model/units.ts';
import { nameOf, uidOf } from '../../lib/model/workload.ts';
import { randomFrom } from '../../lib/simulate/random.ts';
import type { Stage } from './stage.ts';
import type { Context } from './watchdog.ts';

// Runs that Serin itself measures in the storm, of a gauge that goes up and down; and what must hold of them:
// what was measured stays as it is and was shown at that time, limits and intervals are kept, and a run that
// has ended is over.

const count = 3;
const failureLimit = 1;
const consecutiveErrorLimit = 2;
const intervalMs = 3 * secondMs;
/** argo v1.10.1 analysis/analysis.go */
const afterErrorMs = 10 * secondMs;
const token = 'storm';
const gauge = 'm';

export const measuredTemplate: AnalysisTemplateSpec = {
  metrics: [
    {
      ...{ name: 'm', count, failureLimit, consecutiveErrorLimit, interval: '3s' },
      ...{ successCondition: 'result >= 1', failureCondition: 'result < 0' },
      provider: { web: { url: `http://metrics/${token}/gauge/${gauge}`, jsonPath: '{$}' } },
    },
  ],
};

/** Good, bad, neither, and what no condition can be asked of. */
const shown = [1, 1, 1, 1, 1, -1, -1, 0, 'none'] as const;

/** Whether a seed's runs are measured by Serin; somebody else ends them otherwise. */
export function isMeasured(seed: number): boolean {
  return randomFrom(seed).fork('measured').chance(0.5);
}

/** The gauge changes every few seconds as long as the storm lasts. */
export function showGauge({ simulated, clock, scenario, ...stage }: Stage): void {
  const random = randomFrom(scenario.seed).fork('gauge');
  const show = (): void => {
    const isCalm = clock.now() > start + scenario.stormMs || stage.calmAt !== undefined;
    simulated.metrics.set(token, gauge, isCalm ? 1 : random.pick(shown));
    if (!isCalm) clock.schedule(clock.now() + secondMs + random.below(6 * secondMs), show);
  };
  const start = clock.now();
  show();
}

/** What the gauge shows from now on. */
export function holdGauge({ simulated }: Stage): (value: number) => void {
  return (value) => simulated.metrics.set(token, gauge, value);
}

export const ends = ['Successful', 'Failed', 'Error', 'Inconclusive'];

/** Hears of what Serin writes into runs. */
export function watchMeasured({ cluster, fail }: Context): void {
  cluster.watch(({ type, kind, object, before, writer }) => {
    if (kind !== 'AnalysisRun' || type !== 'MODIFIED' || writer.manager !== fieldManager) return;
    const [run, was] = [object as AnalysisRun, before as AnalysisRun];
    // Those that somebody else ends are none of it.
    if (run.spec?.metrics?.[0]?.count !== count) return;
    const say = (property: string, detail: string) => fail(property, `${nameOf(run)}: ${detail}`);
    const [after, earlier] = [resultOf(run), resultOf(was)];
    if (ends.includes(was.status?.phase ?? '') && changed(run, was)) {
      say('a run that has ended is over', JSON.stringify(run.status));
    }
    const { measurements = [] } = after;
    for (const [index, each] of (earlier.measurements ?? []).entries()) {
      if (JSON.stringify(each) !== JSON.stringify(measurements[index])) {
        say('what was measured stays', `${JSON.stringify(each)} is not there any more`);
      }
    }
    const wrong = countsWrong(after) ?? tooSoon(measurements) ?? judgedWrong(measurements);
    if (wrong) say('measured in time and counted', wrong);
    const isEnded = ends.includes(run.status?.phase ?? '');
    const due = phaseOf(after);
    if (isEnded && !run.spec?.terminate && run.status?.phase !== due) {
      say('limits are kept', `${run.status?.phase}, and not ${due ?? 'going on'}`);
    }
    if (!isEnded && due !== undefined) say('limits are kept', `goes on, though it is ${due}`);
    if (isEnded && run.spec?.terminate && due !== undefined && run.status?.phase !== due) {
      say('limits are kept', `terminated as ${run.status?.phase}, and it was ${due}`);
    }
  });
}

function changed(run: AnalysisRun, was: AnalysisRun): boolean {
  return uidOf(run) === uidOf(was) && JSON.stringify(run.status) !== JSON.stringify(was.status);
}

function resultOf({ status }: AnalysisRun): MetricResult {
  return status?.metricResults?.[0] ?? { name: gauge, phase: '' };
}

/** Each is counted once, by what it came to. */
function countsWrong(result: MetricResult): string | undefined {
  const { measurements = [], successful = 0, failed = 0, inconclusive = 0, error = 0 } = result;
  const judged = successful + failed + inconclusive;
  const numbers = [successful, failed, inconclusive, error];
  const real = ends.map((phase) => measurements.filter((each) => each.phase === phase).length);
  const [good, bad, wrong, neither] = real;
  const isRight = numbers.join() === [good, bad, neither, wrong].join();
  if (isRight && judged === (result.count ?? 0) && judged <= count) return undefined;
  return `${measurements.length} measured, counted ${JSON.stringify({ ...result, measurements: [] })}`;
}

/** Times are of whole seconds. */
function tooSoon(measurements: Measurement[]): string | undefined {
  const found = measurements.find(({ startedAt }, index) => {
    const before = measurements[index - 1];
    if (before === undefined) return false;
    const waitMs = before.phase === 'Error' ? afterErrorMs : intervalMs;
    return fromTime(startedAt ?? '') < fromTime(before.finishedAt ?? '') + waitMs - secondMs;
  });
  return found && `measured again at ${found.startedAt}, too soon`;
}

/** The values that are shown, and what they are judged to be. */
const judgedAs: Record<string, string> = { '1': 'Successful', '-1': 'Failed', '0': 'Inconclusive' };

function judgedWrong(measurements: Measurement[]): string | undefined {
  const found = measurements.find(
    ({ phase, value }) => phase !== 'Error' && phase !== judgedAs[value ?? ''],
  );
  return found && `${found.value} was judged ${found.phase}`;
}

/** What a run with these measurements has come to; undefined while it is to go on. */
function phaseOf(result: MetricResult): string | undefined {
  const { measurements = [] } = result;
  const of = (phase: string) => measurements.filter((each) => each.phase === phase).length;
  const lastGood = measurements.findLastIndex(({ phase }) => phase !== 'Error');
  if (of('Failed') > failureLimit) return 'Failed';
  if (of('Inconclusive') > 0) return 'Inconclusive';
  if (measurements.length - 1 - lastGood > consecutiveErrorLimit) return 'Error';
  return measurements.length - of('Error') >= count ? 'Successful' : undefined;
}
