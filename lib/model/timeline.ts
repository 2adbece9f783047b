import type { LedgerEntry, Weights } from './record.ts';

/** The weights of one release, oldest first: each holds until the next. */
export type Timeline = { revision: number; points: TimelinePoint[] };

type TimelinePoint = Weights & Pick<LedgerEntry, 'at' | 'kind' | 'text'>;
