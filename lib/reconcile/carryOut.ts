import { apply } from '../apply/apply.ts';
import { patchDigest } from '../decide/guards/conflictingController.ts';
import { Conflict, NotFound, remedyOf, Terminal } from '../errors.ts';
import { isStatusWrite } from '../model/plan.ts';
import { eventsOf } from '../record/outbox.ts';
import { closeCommand, noteMetadata, type Refused } from './refusal.ts';
import type { Run, Seen } from './run.ts';

/** What became of the writes of a plan. */
export type Outcome =
  /** `patch`: the digest of the status patch that was among them. */
  | { did: 'written'; patch?: string }
  /** None had an effect. */
  | { did: 'nothing' }
  /** The API server refuses one for good. */
  | { did: 'refuse'; why: Refused };

/** Applies and announces. */
export async function carryOut(run: Run, seen: Seen): Promise<Outcome> {
  const { world, outbox } = run;
  const { plan, observed } = seen;
  const command = plan.intents.find(({ step }) => step === 'apply');
  try {
    const { isIdle, refusals } = await apply(world, observed.key, plan.writes);
    if (refusals.length > 0) await noteMetadata(world, outbox, { ...seen, refusals });
    else if (isIdle) return { did: 'nothing' };
    if (command) run.tried = { id: command.id, isTaken: true };
  } catch (error) {
    const isOutdated = error instanceof Conflict || error instanceof NotFound;
    if (isOutdated && command && isFirstTry(seen, command.id)) {
      run.tried = { id: command.id, isTaken: false };
    }
    if (error instanceof NotFound) throw new Conflict('An object is gone', { cause: error });
    if (!(error instanceof Terminal)) throw error;
    return await refusal(run, error, command);
  }
  outbox.announce(eventsOf(seen));
  const patch = plan.writes.find(isStatusWrite)?.patch;
  return { did: 'written', ...(patch && { patch: patchDigest(patch) }) };
}

/** A command that is refused is over, and its turn done. */
async function refusal(
  { world, key }: Run,
  error: Terminal,
  command: { id: string } | undefined,
): Promise<Outcome> {
  if (command) {
    await closeCommand(world, key, command.id, error);
    return { did: 'written' };
  }
  world.log('error', 'the API server refused a write', { ...key, error: error.message });
  world.count('rollout_write_refusals_total');
  return { did: 'refuse', why: { refused: error.message, ...remedyOf(error) } };
}

/** After an earlier try nobody knows of, a conflict may be with that one. */
function isFirstTry({ observed }: Seen, id: string): boolean {
  return observed.record?.intents.find((each) => each.id === id)?.applying === undefined;
}
