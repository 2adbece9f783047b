import type { Argument, Metric, Rollout } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import type { Answers } from '../../model/reads.ts';
import type { Analysis } from '../release/analyses.ts';
import { givenArguments, type Hashes } from './arguments.ts';
import { type Merged, merged } from './merged.ts';
import { type Found, templatesOf } from './templates.ts';

type Place = { namespace: string; instanceId: string };
/** `isAhead`: its run is to begin later. */
type Given = { place: Place; answers: Answers; hashes: Hashes; isAhead: boolean };

/**
 * What a run of an analysis is made of; or what is wrong with it. Undefined while something of it is still
 * to be read.
 */
export function madeOf(
  analysis: Analysis,
  rollout: Rollout,
  { place, answers, hashes, isAhead }: Given,
): { merged: Merged } | { faults: FieldError[] } | undefined {
  const { given, path } = analysis;
  const at = `${path}.templates`;
  const { found, faults, isWhole } = templatesOf(given.templates ?? [], at, place, answers);
  if (faults.length > 0) return { faults };
  if (!isWhole) return undefined;
  const args = givenArguments(given.args ?? [], rollout, { ...hashes, isAhead });
  if ('fault' in args) return { faults: fieldError(`${path}.args[${args.index}]`, args.fault) };
  const specs = found.map(({ spec }) => spec);
  const whole = merged(specs, given, args.args);
  if ('fault' in whole) return { faults: fieldError(at, whole.fault) };
  const wrong = metricFaults(analysis, whole, found);
  return wrong.length > 0 ? { faults: wrong } : { merged: whole };
}

/**
 * A run without metrics would never end, and neither would a step at a metric that has no count.
 * argo v1.10.1 pkg/apis/rollouts/validation/validation_references.go
 */
function metricFaults({ type, path }: Analysis, whole: Merged, found: Found[]): FieldError[] {
  const at = `${path}.templates`;
  if (whole.metrics.length === 0) {
    const names = found.map(({ name }) => name).join(', ');
    return fieldError(at, `names templates without a metric: ${names}; give one of them metrics`);
  }
  return whole.metrics.flatMap((metric) => {
    const unknown = argumentsIn(metric).find(
      (name) => !whole.args.some((arg) => `args.${arg.name}` === name),
    );
    if (unknown !== undefined) {
      const message = `has the metric ${metric.name}, in which {{${unknown}}} is no argument`;
      return fieldError(at, `${message}; name it in the template's args`);
    }
    if (type === 'Background' || !isEndless(metric, whole.args)) return [];
    const message = `has the metric ${metric.name} with an interval and no count`;
    return fieldError(at, `${message}, which never ends; give it a count`);
  });
}

const placeholders = /\{\{(.*?)\}\}/gs;

function argumentsIn(metric: Metric): string[] {
  const found = JSON.stringify(metric).matchAll(placeholders);
  return [...found].map(([, name = '']) => name.trim());
}

/** argo v1.10.1 pkg/apis/rollouts/v1alpha1/analysis_types.go EffectiveCount */
function isEndless({ count = 0, interval }: Metric, args: Argument[]): boolean {
  if (!interval) return false;
  const text = String(count).replaceAll(placeholders, (_, name: string) => {
    const arg = args.find((each) => `args.${each.name}` === name.trim());
    // What a secret says is not known here.
    return arg?.valueFrom ? '1' : (arg?.value ?? '');
  });
  return !(Number.parseInt(text, 10) > 0);
}
