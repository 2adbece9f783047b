import { metricFault } from '../../lib/decide/analysisRun/validate.ts';
import { syntaxError } from '../../lib/expr/condition.ts';
import { pathError } from '../../lib/expr/jsonPath.ts';
import type { AnalysisRunSpec, Metric } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isRecord } from '../../lib/model/gotypes.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { checkStructure } from '../../lib/model/structure.ts';

const templates = ['AnalysisTemplate', 'ClusterAnalysisTemplate'] as const;
const kinds = [...templates, 'AnalysisRun'] as const;

/**
 * What is wrong with the metrics of a template or run, as far as it can be told without its arguments. A run
 * would tell it when it measures, and a release would be aborted for it.
 */
export function metricFaults(value: unknown): FieldError[] {
  const kind = isRecord(value) ? kinds.find((each) => each === value.kind) : undefined;
  if (!isRecord(value) || !kind || !String(value.apiVersion).startsWith('argoproj.io/')) return [];
  const plain = withoutNulls(value);
  if (checkStructure(kind, plain).some((fault) => fault.kind === 'type')) return [];
  const { metrics = [] } = ((plain as { spec?: AnalysisRunSpec }).spec ?? {}) as AnalysisRunSpec;
  return metrics.flatMap((metric, index) => {
    const path = `spec.metrics[${index}]`;
    const isTaken = metrics.findIndex(({ name }) => name === metric.name) < index;
    const taken = {
      path: `${path}.name`,
      message: 'is the name of another metric; choose another',
    };
    return [...(isTaken ? [taken] : []), ...faultsOfMetric(metric, path)];
  });
}

function faultsOfMetric(metric: Metric, path: string): FieldError[] {
  const conditions = (['successCondition', 'failureCondition'] as const).map((field) =>
    wrong(`${path}.${field}`, metric[field], syntaxError),
  );
  const jsonPath = metric.provider?.web?.jsonPath;
  const place = wrong(`${path}.provider.web.jsonPath`, jsonPath, pathError);
  // What an argument is put into may be anything.
  const message = hasArguments(JSON.stringify(metric)) ? undefined : metricFault(metric);
  const whole = message === undefined ? [] : [{ path, message }];
  return [...conditions.flat(), ...place, ...whole];
}

function wrong(
  path: string,
  text: string | undefined,
  errorOf: (text: string) => string | undefined,
): FieldError[] {
  if (text === undefined || text === '' || hasArguments(text)) return [];
  const error = errorOf(text);
  return error === undefined ? [] : [{ path, message: `cannot be evaluated: ${error}` }];
}

function hasArguments(text: string): boolean {
  return text.includes('{{');
}
