import type { Answers, Need } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import { analysisNeeds } from '../analysis/needs.ts';
import { experimentsNeeds } from '../experiments/needs.ts';
import type { Ask, Seed } from '../release/gathered.ts';
import { replicaSetNeeds } from '../release/ownSets.ts';
import { workloadNeeds } from '../release/workloadRef.ts';
import { dryRunNeeds } from '../replicaSets/dryRun.ts';
import { podNeeds } from '../replicaSets/pods.ts';
import { serviceNeeds } from '../strategy/ownServices.ts';
import { trafficNeeds } from '../traffic/needs.ts';
import { gather } from './observed.ts';

/** Each asks for its subject. Where several reads fail that end a turn, it ends with the first. */
const asks: readonly Ask[] = [
  workloadNeeds,
  replicaSetNeeds,
  podNeeds,
  serviceNeeds,
  trafficNeeds,
  analysisNeeds,
  experimentsNeeds,
  dryRunNeeds,
];

/**
 * What a turn needs to read, as far as the answers so far tell: each round of answers may add to it. What is
 * answered already is among it.
 */
export function needs(seed: Seed, answers: Answers, now: Millis): Need[] {
  const gathered = gather(seed, answers);
  return asks.flatMap((ask) => ask(gathered, now));
}
