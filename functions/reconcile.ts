import middy from '@middy/core';
import errorLogger from '@middy/error-logger';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { NotFound } from '../lib/errors.ts';
import { look, reconcile } from '../lib/reconcile.ts';
import { deliverBatch } from '../lib/wake/batch.ts';
import { waitOut } from '../lib/wake/queue.ts';
import type { InvokeAnswer, InvokeRequest, World } from '../lib/world.ts';

/**
 * The only function with rights in clusters. Takes wakes from the queue, and direct invocations
 * from the API, which wait for the effect of a command or want a fresh look.
 */
export function reconcileHandler(world: World) {
  return middy<SQSEvent | InvokeRequest, SQSBatchResponse | InvokeAnswer>()
    .use(errorLogger({ logger: (request) => log(world, request.error) }))
    .handler(
      async (event: SQSEvent | InvokeRequest): Promise<SQSBatchResponse | InvokeAnswer> =>
        'Records' in event ? await fromQueue(world, event) : await invoked(world, event),
    );
}

function log(world: World, error: unknown): void {
  world.log('error', 'reconcile failed', { error: String(error) });
}

async function fromQueue(world: World, event: SQSEvent): Promise<SQSBatchResponse> {
  return deliverBatch(
    event.Records,
    async (message) => {
      await waitOut(world.clock, message);
      await reconcile(world, message.key);
    },
    world.log,
  );
}

async function invoked(world: World, { key, look: only }: InvokeRequest): Promise<InvokeAnswer> {
  if (only) return { view: await look(world, key) };
  const done = await reconcile(world, key);
  if ('view' in done && done.view) return { view: done.view };
  if (done.result === 'busy') return { view: await look(world, key) };
  throw new NotFound(`There is no rollout ${key.name} in ${key.namespace} of ${key.cluster}.`);
}
