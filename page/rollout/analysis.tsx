import { useMemo } from 'preact/hooks';
import type { AnalysisRunView, MetricView } from '../../lib/model/view.ts';
import { limitsIn, numberIn } from '../../lib/view/measured.ts';
import { analysisSigns } from '../../lib/view/words.ts';
import type { Rollout } from '../api/answers.ts';
import type { Series } from '../lazy/chart.ts';
import { AsTable } from '../parts/asTable.tsx';
import { Sign } from '../parts/sign.tsx';
import { At } from '../parts/time.tsx';
import { Chart } from './chart.tsx';

const secondMs = 1000;

/** The analysis runs of the newest revision that has any, newest first, each metric against its limits. */
export function Analysis({ view, now }: { view: Rollout; now: number }) {
  const runs =
    view.revisions.find(({ analysisRuns = [] }) => analysisRuns.length > 0)?.analysisRuns ?? [];
  if (runs.length === 0) return null;
  return (
    <section aria-labelledby="analysis">
      <h2 id="analysis">Analysis</h2>
      {runs.toReversed().map((run) => (
        <Run key={run.name} run={run} now={now} />
      ))}
    </section>
  );
}

function Run({
  run: { name, type, status, message, metrics = [] },
  now,
}: {
  run: AnalysisRunView;
  now: number;
}) {
  return (
    <div class="run">
      <h3>
        <Sign name={analysisSigns[status]} /> {status || 'Pending'}{' '}
        <span class="quiet">
          {type} <code>{name}</code>
        </span>
      </h3>
      {message !== '' && <p class="quiet">{message}</p>}
      {metrics.map((metric) => (
        <Metric key={metric.name} metric={metric} now={now} />
      ))}
    </div>
  );
}

function Metric({ metric, now }: { metric: MetricView; now: number }) {
  const { name, phase, measurements, successCondition, failureCondition } = metric;
  const series = useMemo(() => seriesOf(metric), [metric]);
  const hasNumbers = series.values.some((value) => value !== null);
  return (
    <div class="metric">
      <p>
        <Sign name={analysisSigns[phase]} /> <strong>{name}</strong> {phase || 'not measured yet'}
        <span class="quiet"> {limitsText(metric)}</span>
      </p>
      <p class="quiet small">
        {successCondition !== undefined && (
          <>
            needs <code>{successCondition}</code>{' '}
          </>
        )}
        {failureCondition !== undefined && (
          <>
            fails on <code>{failureCondition}</code>
          </>
        )}
      </p>
      {hasNumbers && (
        <Chart
          series={series}
          name={`${name}: what was measured, with its limits; the table has the same`}
        />
      )}
      {measurements.length > 0 && <Measurements metric={metric} now={now} />}
    </div>
  );
}

function Measurements({
  metric: { name, measurements },
  now,
}: {
  metric: MetricView;
  now: number;
}) {
  return (
    <AsTable
      summary={`${measurements.length} measurements of ${name}`}
      head={['When', 'Value', 'Result']}
    >
      {measurements.toReversed().map(({ startedAt, value, message, phase }) => (
        <tr key={`${startedAt} ${value}`}>
          <td>{startedAt !== undefined && <At at={Date.parse(startedAt)} now={now} />}</td>
          <td>{value || message}</td>
          <td>{phase}</td>
        </tr>
      ))}
    </AsTable>
  );
}

function limitsText({ measured, count, failed, failureLimit }: MetricView): string {
  const of = count === undefined ? `${measured} measured` : `${measured} of ${count} measured`;
  return `${of}, ${failed} failed${failureLimit < 0 ? '' : ` of ${failureLimit} that may`}`;
}

/** What is no number, NaN among it, is a gap; 0 is a number. */
function seriesOf({ measurements, successCondition, failureCondition }: MetricView): Series {
  const timed = measurements.flatMap((measurement) =>
    measurement.startedAt === undefined
      ? []
      : [
          {
            at: Date.parse(measurement.startedAt) / secondMs,
            value: numberIn(measurement) ?? null,
          },
        ],
  );
  const limits = [successCondition, failureCondition].flatMap((text) => limitsIn(text ?? ''));
  return {
    at: timed.map(({ at }) => at),
    values: timed.map(({ value }) => value),
    limits: [...new Set(limits)],
  };
}
