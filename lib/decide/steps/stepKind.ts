import type { CanaryStep, CanaryStrategy, RolloutStatus } from '../../model/argo.generated.ts';
import type { FieldError } from '../../model/faults.ts';
import type { Millis } from '../../model/units.ts';
import type { Release } from '../release/release.ts';

/** Something that a step of a canary can do. Each has a file here and a row in kinds.ts. */
export type StepKind<Field extends keyof CanaryStep = keyof CanaryStep> = {
  field: Field;
  /** What is wrong with it; `path` is the field's. */
  validate: (given: Given<Field>, path: string, canary: CanaryStrategy) => FieldError[];
  /** `setWeight: 20`, as the peer's events and people write a step. */
  text: (given: Given<Field>) => string;
  /**
   * Absent where this version of Serin does not carry it out:
   * docs/adr/0009-what-is-not-carried-out-yet.md
   */
  run?: {
    /** The status once the step has come, unless something else holds the release up. */
    enter?: (status: RolloutStatus, now: Millis) => RolloutStatus;
    /** Whether the release, which is at the step and which nothing else holds up, may go on to the next. */
    isDone: (release: Release) => boolean;
  };
};

type Given<Field extends keyof CanaryStep> = NonNullable<CanaryStep[Field]>;
