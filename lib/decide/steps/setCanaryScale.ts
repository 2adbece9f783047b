import { fieldError } from '../../model/faults.ts';
import { isAtSize } from './setWeight.ts';
import type { StepKind } from './stepKind.ts';

/** Pods of the canary apart from its weight. argo v1.10.1 rollout/canary.go completedCurrentCanaryStep */
export const setCanaryScale: StepKind<'setCanaryScale'> = {
  field: 'setCanaryScale',
  validate: (scale, path, { trafficRouting }) => {
    if (!trafficRouting) return fieldError(path, 'works only with trafficRouting');
    return (['replicas', 'weight'] as const).flatMap((field) => {
      const value = scale[field] ?? 0;
      return value >= 0 ? [] : fieldError(`${path}.${field}`, `must be 0 or more, not ${value}`);
    });
  },
  text: ({ weight, replicas, matchTrafficWeight }) => {
    const given =
      weight !== undefined
        ? `weight: ${weight}`
        : matchTrafficWeight
          ? 'matchTrafficWeight: true'
          : `replicas: ${replicas}`;
    return `setCanaryScale{${given}}`;
  },
  run: { isDone: isAtSize },
};
