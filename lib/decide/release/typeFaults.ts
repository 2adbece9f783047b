import type { CanaryStrategy, Rollout, RolloutSpec } from '../../model/argo.generated.ts';
import { type FieldError, fieldError } from '../../model/faults.ts';
import { perObject } from '../../model/perObject.ts';
import { checkStructure } from '../../model/structure.ts';

export function faultLine({ path, message }: FieldError): string {
  return `${path} ${message}`;
}

/**
 * Values of a wrong type, which the definitions let through in places, or were not there to refuse.
 * Nothing else here, and no hash, can do with such a rollout.
 */
export function typeFaults({ spec }: Rollout): FieldError[] {
  return spec ? typeFaultsOf(spec) : [];
}

const typeFaultsOf = perObject((spec: RolloutSpec): FieldError[] =>
  checkStructure('RolloutSpec', spec)
    .filter((fault) => fault.kind === 'type')
    .map(({ path, message }) => ({ path: `spec.${path}`, message })),
);

/** Also asked by an abort under a faulty spec: limits that are sound are kept. */
export function checkFenceposts(canary: CanaryStrategy, path: string): FieldError[] {
  const faults = (['maxSurge', 'maxUnavailable'] as const).flatMap((field) => {
    const value = canary[field];
    const isCount = typeof value === 'number' && value >= 0;
    const isPercent = typeof value === 'string' && /^\d+%?$/.test(value);
    return value === undefined || isCount || isPercent
      ? []
      : fieldError(
          `${path}.${field}`,
          `must be a count such as 1 or a percentage such as 25%, not ${value}`,
        );
  });
  if (faults.length > 0) return faults;
  const isZero = (value: number | string | undefined): boolean =>
    value !== undefined && Number(String(value).replace('%', '')) === 0;
  return isZero(canary.maxSurge) && isZero(canary.maxUnavailable)
    ? fieldError(
        `${path}.maxSurge`,
        'and maxUnavailable must not both be 0: no pod could be replaced',
      )
    : [];
}
