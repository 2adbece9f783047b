import { apply } from '../apply/apply.ts';
import { patchDigest } from '../decide/guards/conflictingController.ts';
import { Conflict, ifOutdated, NotFound, remedyOf, Terminal } from '../errors.ts';
import { turnMetric } from '../model/metrics.ts';
import { isStatusWrite } from '../model/plan.ts';
import type { Envelope } from '../model/record.ts';
import { eventsOf } from '../record/outbox.ts';
import { closeCommand, notePassedOver, type Refused } from './refusal.ts';
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
export async function carryOut(run: Run, before: Envelope, seen: Seen): Promise<Outcome> {
  const { world, key, controller, outbox } = run;
  const { plan } = seen;
  const command = plan.intents.find(({ step }) => step === 'apply');
  try {
    const { isIdle, ...passedOver } = await apply(world, key, plan.writes);
    const isNoted = await notePassedOver(run, seen, passedOver);
    if (isIdle && !isNoted) return { did: 'nothing' };
    if (command) run.tried = { id: command.id, isTaken: true };
  } catch (error) {
    const isOutdated = error instanceof Conflict || error instanceof NotFound;
    if (isOutdated && command && isFirstTry(before, command.id)) {
      run.tried = { id: command.id, isTaken: false };
    }
    if (!(error instanceof Terminal)) return ifOutdated(error);
    return await refusal(run, error, command);
  }
  outbox.announce(eventsOf(controller, seen));
  const patch = plan.writes.find(isStatusWrite)?.patch;
  return { did: 'written', ...(patch && { patch: patchDigest(patch) }) };
}

/** A command that is refused is over, and its turn done. */
async function refusal(
  run: Run,
  error: Terminal,
  command: { id: string } | undefined,
): Promise<Outcome> {
  const { world, key } = run;
  if (command) {
    await closeCommand(run, command.id, error);
    return { did: 'written' };
  }
  world.log('error', 'the API server refused a write', { ...key, error: error.message });
  world.count(turnMetric(key, 'write_refusals_total'));
  return { did: 'refuse', why: { refused: error.message, ...remedyOf(error) } };
}

/** After an earlier try nobody knows of, a conflict may be with that one. */
function isFirstTry({ intents }: Envelope, id: string): boolean {
  return intents.find((each) => each.id === id)?.applying === undefined;
}
