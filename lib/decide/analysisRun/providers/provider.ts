import type { GoType } from '../../../expr/types.ts';
import type { Value } from '../../../expr/value.ts';
import type {
  AnalysisRun,
  Measurement,
  Metric,
  MetricProvider as MetricSource,
} from '../../../model/argo.generated.ts';
import type { FieldError } from '../../../model/faults.ts';
import type { Write } from '../../../model/plan.ts';
import type { Answers, Need } from '../../../model/reads.ts';
import type { Millis } from '../../../model/units.ts';

/** A measurement that is due, or one that goes on. The arguments are put into the metric already. */
export type Asked = {
  metric: Metric;
  run: AnalysisRun;
  /** The cluster's own place in settings and reads. */
  cluster: string;
  now: Millis;
  /** How many measurements of this metric there were before: it numbers Jobs. */
  count: number;
  /** That which was begun in an earlier turn. */
  measurement?: Measurement;
};

/** What came of asking. `metadata`: of the measurement. */
export type Measured = { metadata?: Record<string, string> } & (
  | {
      /** As the peer prints it in the status. */
      value: string;
      /** `result` in the metric's conditions, which judge it. */
      result: Value;
      /** That of the peer, where it is not what JSON has: lib/expr/typed.ts. */
      type?: GoType;
    }
  /**
   * It judges by itself, as a Job does; or it goes on, and is looked at again at `resumeAt`. `writes`: what
   * is created for a measurement that begins.
   */
  | {
      phase: 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';
      value?: string;
      message?: string;
      resumeAt?: Millis;
      writes?: Write[];
    }
  | { error: string }
);

/** Something that metrics come from: a file here and a row in the table of providers. Pure. */
export type MetricProvider = {
  /** A field of a metric's `provider`, or the name of a plugin. */
  name: string;
  selects: (source: MetricSource) => boolean;
  /** What is wrong with it; `path` is the metric's. Beside it the peer's own verdicts. */
  validate: (metric: Metric, path: string) => FieldError[];
  /** Kept on the metric's result, such as the query with its arguments. */
  metadata?: (metric: Metric) => Record<string, string>;
  /** What has to be read, as far as the answers so far tell: a secret, then the answer that needs it. */
  needs: (asked: Asked, answers: Answers) => Need[];
  /** Undefined while something that it needs is not answered. */
  measured: (asked: Asked, answers: Answers) => Measured | undefined;
  /** What ends a measurement that goes on; where nothing does, it goes on. */
  stop?: {
    needs: (asked: Asked, answers: Answers) => Need[];
    writes: (asked: Asked, answers: Answers) => Write[];
  };
  /** What is deleted with the measurements that are no longer kept. */
  prune?: {
    needs: (old: readonly Measurement[], run: AnalysisRun, answers: Answers) => Need[];
    writes: (old: readonly Measurement[], run: AnalysisRun, answers: Answers) => Write[];
  };
};
