import { providerOf } from '../../lib/decide/analysisRun/providers/providers.ts';
import { metricFault } from '../../lib/decide/analysisRun/validate.ts';
import { syntaxError } from '../../lib/expr/condition.ts';
import { pathError } from '../../lib/expr/jsonPath.ts';
import type { AnalysisRunSpec, Argument, Metric } from '../../lib/model/argo.generated.ts';
import type { FieldError } from '../../lib/model/faults.ts';
import { isRecord } from '../../lib/model/gotypes.ts';
import { withoutNulls } from '../../lib/model/nulls.ts';
import { checkStructure } from '../../lib/model/structure.ts';

const templates = ['AnalysisTemplate', 'ClusterAnalysisTemplate'] as const;
const measured = [...templates, 'AnalysisRun'] as const;
const kinds = [...measured, 'Experiment'] as const;
type CheckedKind = (typeof kinds)[number];

/** The kind of what is checked beside Rollouts; undefined of anything else. */
export function checkedKind(value: unknown): CheckedKind | undefined {
  if (!isRecord(value) || !String(value.apiVersion).startsWith('argoproj.io/')) return undefined;
  return kinds.find((each) => each === value.kind);
}

/**
 * What is wrong with the fields of a template, a run or an experiment, and with the metrics that it has, as
 * far as it can be told without its arguments. A run would tell it when it measures, and a release would be
 * aborted for it.
 */
export function metricFaults(value: unknown): FieldError[] {
  const kind = checkedKind(value);
  if (kind === undefined) return [];
  const plain = withoutNulls(value as object);
  if (kind === 'Experiment') return checkStructure(kind, plain);
  // What has the wrong type is said before anything that follows from it.
  const types = checkStructure(kind, plain).filter((fault) => fault.kind === 'type');
  if (types.length > 0) return types;
  const { metrics = [], args = [] } = (plain as { spec?: AnalysisRunSpec }).spec ?? {};
  return metrics.flatMap((metric, index) => {
    const path = `spec.metrics[${index}]`;
    const isTaken = metrics.findIndex(({ name }) => name === metric.name) < index;
    const taken = {
      path: `${path}.name`,
      message: 'is the name of another metric; choose another',
    };
    return [...(isTaken ? [taken] : []), ...faultsOfMetric(metric, path, args)];
  });
}

function faultsOfMetric(metric: Metric, path: string, args: readonly Argument[]): FieldError[] {
  const conditions = (['successCondition', 'failureCondition'] as const).map((field) =>
    wrong(`${path}.${field}`, withDefaults(metric[field], args), syntaxError),
  );
  const jsonPath = metric.provider?.web?.jsonPath;
  const place = wrong(`${path}.provider.web.jsonPath`, jsonPath, pathError);
  // What an argument is put into may be anything.
  const { name, provider = {} } = metric;
  const isOpen = hasArguments(JSON.stringify(metric));
  const message = metricFault(isOpen ? { name, provider } : metric);
  if (message !== undefined) return [...conditions.flat(), ...place, { path, message }];
  const own = hasArguments(JSON.stringify(provider)) ? [] : providerFaults(metric, path);
  return [...conditions.flat(), ...(place.length > 0 ? place : own)];
}

/** What its provider says before it asks anybody. */
function providerFaults(metric: Metric, path: string): FieldError[] {
  return providerOf(metric)?.validate(metric, path) ?? [];
}

/** With the values that the template itself gives, as they are without any from a Rollout. */
function withDefaults(text: string | undefined, args: readonly Argument[]): string | undefined {
  return text?.replaceAll(/\{\{(.*?)\}\}/gs, (whole, tag: string) => {
    const arg = args.find(({ name }) => `args.${name}` === tag.trim());
    return arg?.value ?? whole;
  });
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
