import type { CommandAnswer } from '../../lib/api/answers.ts';
import { type Key, rolloutPath } from '../addresses.ts';
import { ask, Failure } from '../api/client.ts';
import type { Offer } from './offers.ts';

/** What the person saw, which must still be so. An abort must not be stopped by a step that moved. */
export type Expect = { revision: number; stepIndex?: number };

export type Request = {
  key: Key;
  offer: Offer;
  expect: Expect;
  reason: string;
  fields: Record<string, unknown>;
  idempotencyKey: string;
};

const pollMs = 1000;
const pollsMax = 90;

/** Asks for it and waits for what becomes of it; `pending` is told while it is under way. */
export async function submit(
  { key, offer, expect, reason, fields, idempotencyKey }: Request,
  pending: (answer: CommandAnswer) => void,
): Promise<CommandAnswer> {
  const path = rolloutPath(key);
  const { body } = await ask<CommandAnswer>(`${path}/${offer.verb}`, {
    method: 'POST',
    headers: { 'idempotency-key': idempotencyKey },
    body: { ...offer.options, ...fields, expect, ...(reason !== '' && { reason }) },
  });
  let answer = body;
  for (let polls = 0; answer !== undefined && answer.outcome === undefined; polls += 1) {
    if (polls === pollsMax) break;
    pending(answer);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    answer = (await ask<CommandAnswer>(`${path}/commands/${answer.id}`)).body ?? answer;
  }
  if (answer === undefined) throw new Failure('Serin did not say what became of it.', 0);
  return answer;
}
