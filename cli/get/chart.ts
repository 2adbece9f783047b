import { clipped, sampleText } from '../../lib/model/text.ts';
import { type Millis, secondMs } from '../../lib/model/units.ts';
import type { MeasurementView, MetricView } from '../../lib/model/view.ts';
import { limitsIn, numberIn } from '../../lib/view/measured.ts';
import { columns, distance } from '../text.ts';
import { analysisIcon, analysisPhaseText } from '../tree.ts';

// The measurements of a metric as bars, one a line, with a mark where its condition draws the line.

/** How many letters the longest bar has. */
const barMax = 40;
const valueMax = 24;

export function chartLines(metric: MetricView, now: Millis, colour: boolean): string[] {
  const { name, phase, dryRun, measurements, nextAt } = metric;
  const title = `${name}  ${analysisPhaseText(phase || 'Pending', colour)}${dryRun ? ' (dry run)' : ''}`;
  const scale = scaleOf(metric);
  const bars = measurements.map((each) => [
    `  ${(each.startedAt ?? '').replace(/^.*T(.*)Z$/, '$1')}`,
    `${analysisIcon(each.phase, colour)} ${shown(each)}`,
    barOf(each, scale),
  ]);
  return [
    title,
    ...conditionLines(metric),
    ...columns(bars),
    ...(bars.length === 0 ? ['  not measured yet'] : []),
    `  ${limitsLine(metric)}`,
    ...(nextAt === undefined
      ? []
      : [`  next measurement ${distance(nextAt - now < secondMs ? now : nextAt, now)}`]),
  ];
}

function conditionLines({ successCondition, failureCondition }: MetricView): string[] {
  return [
    ...(successCondition === undefined ? [] : [`  needs ${successCondition}`]),
    ...(failureCondition === undefined ? [] : [`  fails on ${failureCondition}`]),
  ];
}

function shown({ value, message, phase }: MeasurementView): string {
  return clipped(sampleText(value) || message || phase, valueMax);
}

/** `low` and `high` are the ends of the bars; `limits` are the numbers that conditions compare with. */
type Scale = { low: number; high: number; limits: number[] };

function scaleOf({ measurements, successCondition, failureCondition }: MetricView): Scale {
  const conditions = [successCondition ?? '', failureCondition ?? ''];
  const limits = conditions.flatMap(limitsIn);
  const values = measurements.map(numberIn).filter((value) => value !== undefined);
  const all = [0, ...limits, ...values];
  return { low: Math.min(...all), high: Math.max(...all), limits };
}

function barOf(measurement: MeasurementView, { low, high, limits }: Scale): string {
  const value = numberIn(measurement);
  const place = (each: number) => Math.round(((each - low) / (high - low || 1)) * barMax);
  const filled = value === undefined ? 0 : place(value);
  const marks = new Set(limits.map((each) => Math.min(place(each), barMax)));
  const letters = Array.from({ length: barMax + 1 }, (_, index) =>
    marks.has(index) ? '│' : index < filled ? '█' : ' ',
  );
  return letters.join('').trimEnd();
}

/** What is used of each limit: `failures 2 of 3`. */
function limitsLine(metric: MetricView): string {
  const { failed, failureLimit, measured, count } = metric;
  const { consecutiveSuccess, consecutiveSuccessLimit } = metric;
  const parts = [
    count === undefined ? `measured ${measured}` : `measured ${measured} of ${count}`,
    failureLimit < 0
      ? `failures ${failed}, without a limit`
      : `failures ${failed} of ${failureLimit}`,
    `inconclusive ${metric.inconclusive} of ${metric.inconclusiveLimit}`,
    `errors in a row ${metric.consecutiveError} of ${metric.consecutiveErrorLimit}`,
    ...(consecutiveSuccessLimit > 0
      ? [`successes in a row ${consecutiveSuccess} of ${consecutiveSuccessLimit} needed`]
      : []),
  ];
  return `limits: ${parts.join('; ')}`;
}
