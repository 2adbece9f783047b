import type {
  AnalysisTemplateSpec,
  Argument,
  DryRun,
  MeasurementRetention,
  Metric,
  RolloutAnalysis,
} from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';

// Several templates as one. argo v1.10.1 utils/analysis/helpers.go

/** What a run measures, with what it is given; or why that does not go together. */
export type Merged = {
  metrics: Metric[];
  args: Argument[];
  dryRun: DryRun[];
  measurementRetention: MeasurementRetention[];
};

export function merged(
  specs: AnalysisTemplateSpec[],
  { dryRun = [], measurementRetention = [] }: Omit<RolloutAnalysis, 'args'>,
  given: Argument[],
): Merged | { fault: string } {
  const metrics = specs.flatMap((spec) => spec.metrics ?? []);
  const args = mergedArguments(specs.flatMap((spec) => spec.args ?? []));
  if ('fault' in args) return args;
  const rules = {
    dryRun: [...dryRun, ...specs.flatMap((spec) => spec.dryRun ?? [])],
    measurementRetention: [
      ...measurementRetention,
      ...specs.flatMap((spec) => spec.measurementRetention ?? []),
    ],
  };
  const fault =
    twice(metrics, ({ name }) => name, 'metrics have the same name') ??
    twice(rules.dryRun, ({ metricName }) => metricName, 'dryRun rules are for the metric') ??
    twice(
      rules.measurementRetention,
      ({ metricName }) => metricName,
      'measurementRetention rules are for the metric',
    );
  if (fault !== undefined) return { fault };
  const filled = args.list.map((arg) => filledIn(arg, given));
  const open = filled.find(({ value, valueFrom }) => value === undefined && !valueFrom);
  if (open) {
    return { fault: `has templates that ask for the argument ${open.name}; give it in args` };
  }
  return { metrics, args: filled, ...rules };
}

/** What the templates do not ask for is left out. */
function filledIn(arg: Argument, given: Argument[]): Argument {
  const { value, valueFrom } = given.findLast(({ name }) => name === arg.name) ?? {};
  if (value !== undefined) return { ...arg, value };
  return { ...arg, ...defined({ valueFrom: valueFrom ?? arg.valueFrom }) };
}

/** One with a value is taken rather than one without. */
function mergedArguments(all: Argument[]): { list: Argument[] } | { fault: string } {
  const list: Argument[] = [];
  for (const arg of all) {
    const index = list.findIndex(({ name }) => name === arg.name);
    const before = list[index];
    if (!before) list.push(arg);
    else if (before.value === undefined) list[index] = arg;
    else if (arg.value !== undefined && arg.value !== before.value) {
      const values = `${JSON.stringify(before.value)} and ${JSON.stringify(arg.value)}`;
      return { fault: `has templates that give the argument ${arg.name} two values: ${values}` };
    }
  }
  return { list };
}

function twice<T>(list: T[], nameOf: (each: T) => string, what: string): string | undefined {
  const names = list.map(nameOf);
  const name = names.find((each, index) => names.indexOf(each) !== index);
  return name === undefined ? undefined : `has templates in which two ${what} ${name}`;
}
