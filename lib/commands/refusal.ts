/** Why a command is not taken, whoever submits it and by whatever way. */
export type Refusal = {
  /** What stands against it, in sentences. */
  text: string;
  /** What to do about it, where that is not said with the text. */
  remedy?: string;
} & (
  | { kind: 'notFound' | 'conflictingController' | 'keyReused' }
  /** The rollout is not what its author expects. */
  | { kind: 'mismatch'; mismatches: Mismatch[] }
  /** It makes no sense where the rollout is. */
  | { kind: 'notApplicable'; rollout: Place }
  /** The rollout has too many open commands, or something is out of order: it may pass. */
  | { kind: 'tooMany' | 'unavailable'; retryAfterSeconds?: number }
);

type Mismatch = { field: string; expected: string | number; actual: unknown };
type Place = { phase: string; revision: number; stepIndex: number | null; stepCount: number };

/** Whether the same command may be taken later, as it is. */
export function mayPass({ kind }: Refusal): boolean {
  return kind === 'tooMany' || kind === 'unavailable';
}

/** All that is to be said of it to a person. */
export function refusalText({ text, remedy }: Refusal): string {
  return remedy === undefined ? text : `${text} ${remedy}`;
}

/** Carries a refusal to whoever answers for it, from however deep it was found. */
export class Refused extends Error {
  override name = 'Refused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusalText(refusal));
    this.refusal = refusal;
  }
}
