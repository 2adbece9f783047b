import { decide } from '../decide/rollout/decide.ts';
import { MissingRight, NotFound } from '../errors.ts';
import type { RolloutKey } from '../model/key.ts';
import type { RolloutView } from '../model/view.ts';
import { observe } from '../observe/observe.ts';
import { view } from '../view/view.ts';
import type { FunctionAnswer, InvokeAnswer, InvokeRequest, World } from '../world.ts';
import { reach } from './deliver.ts';
import { rolloutController } from './rolloutController.ts';
import { partView } from './unseen.ts';
import { load } from './withoutTable.ts';

/** Answers a direct invocation, which waits for a command's effect or wants a fresh look. */
export async function answer(world: World, request: InvokeRequest): Promise<FunctionAnswer> {
  return await orMissing(() => answerFound(world, request));
}

/** That nothing is there is an answer. */
export async function orMissing<A>(call: () => Promise<A>): Promise<FunctionAnswer<A>> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof NotFound) return { missing: error.message };
    throw error;
  }
}

async function answerFound(world: World, request: InvokeRequest): Promise<InvokeAnswer> {
  const { key } = request;
  if (request.look) return { view: await look(world, key) };
  const done = await reach(world, key);
  if (done.result === 'gone') throw noRollout(key);
  return { view: done.view ?? (await look(world, key)) };
}

function noRollout({ cluster, namespace, name }: RolloutKey): NotFound {
  return new NotFound(`There is no rollout ${name} in namespace ${namespace} of ${cluster}.`);
}

/** Observes, pods included, and writes nothing: the freshest view there is. */
export async function look(world: World, key: RolloutKey): Promise<RolloutView> {
  const now = world.clock.now();
  const { record } = await load(world, key);
  try {
    const found = await observe(world, key, rolloutController, { record, now, pods: true });
    if (!found) throw noRollout(key);
    const { observed } = found;
    return view({ observed, ...decide(observed, now), status: observed.rollout.status ?? {}, now });
  } catch (error) {
    const shown = error instanceof MissingRight && (await partView(world, key, error, now));
    if (shown) return shown as RolloutView;
    throw error;
  }
}
