import type { Argument, ReplicaSet } from '../../model/argo.generated.ts';
import { fromTime, parseGoDuration, toTime } from '../../model/units.ts';
import { nameOf, podHashOf } from '../../model/workload.ts';
import { type Facts, isOwn } from './facts.ts';

const placeholder = /\{\{(.*?)\}\}/gs;

/**
 * What an Experiment gives to its analyses, with what it knows of itself put in.
 * argo v1.10.1 utils/template/template.go ResolveExperimentArgsValue
 */
export function resolvedArguments(
  facts: Facts,
  args: Argument[],
): { args: Argument[] } | { fault: string } {
  const known = valuesIn(facts);
  const open = args
    .flatMap(({ value = '' }) => [...value.matchAll(placeholder)].map(([, tag = '']) => tag))
    .find((tag) => !known.has(tag.trim()));
  if (open !== undefined) return { fault: `failed to resolve {{${open}}}` };
  const filled = (text: string): string =>
    text.replaceAll(placeholder, (_, tag: string) => known.get(tag.trim()) ?? '');
  return {
    args: args.map(({ name, value }) =>
      value === undefined ? { name } : { name, value: filled(value) },
    ),
  };
}

function valuesIn({ experiment, observed, status }: Facts): Map<string, string> {
  const { spec = {} } = experiment;
  const found = new Map<string, string>();
  if (status.availableAt) {
    found.set('experiment.availableAt', status.availableAt);
    const durationMs = spec.duration ? parseGoDuration(spec.duration) : undefined;
    if (durationMs !== undefined) {
      found.set('experiment.finishedAt', toTime(fromTime(status.availableAt) + durationMs));
    }
  }
  for (const { name } of spec.templates ?? []) {
    const set: ReplicaSet | undefined = observed.sets.get(name);
    if (!set || !isOwn(experiment, set)) continue;
    found.set(`templates.${name}.podTemplateHash`, podHashOf(set));
    found.set(`templates.${name}.replicaset.name`, nameOf(set));
  }
  return found;
}
