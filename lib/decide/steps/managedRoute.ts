import type { CanaryStrategy, StringMatch } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';

// What header and mirror routes have in common: a name that managedRoutes has, and what they match.

const managed = 'spec.strategy.canary.trafficRouting.managedRoutes';

/** argo v1.10.1 pkg/apis/rollouts/validation/validation.go ValidateStepRouteFoundInManagedRoute */
export function nameFaults(
  name: string | undefined,
  path: string,
  { trafficRouting }: CanaryStrategy,
): FieldError[] {
  if (!trafficRouting) return fieldError(path, 'works only with trafficRouting');
  const { managedRoutes } = trafficRouting;
  if (!managedRoutes) {
    return fieldError(managed, `is missing; name there the routes that steps set: ${name}`);
  }
  if (managedRoutes.some((route) => route.name === name)) return [];
  const known = managedRoutes.map((route) => route.name).join(', ') || 'none';
  const message = `must be one of ${managed}, which names ${known}; not ${name}`;
  return fieldError(`${path}.name`, message);
}

const forms = ['exact', 'regex', 'prefix'] as const;

export function matchFaults(match: StringMatch | undefined, path: string): FieldError[] {
  const given = forms.filter((form) => match?.[form]);
  if (given.length === 1) return [];
  const instead = given.length === 0 ? 'not none' : `not ${given.join(' and ')}`;
  return fieldError(path, `must have one of ${forms.join(', ')}, ${instead}`);
}
