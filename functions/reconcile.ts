import middy from '@middy/core';
import errorLogger from '@middy/error-logger';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Inquiry, InquiryAnswer } from '../lib/model/inquiry.ts';
import { deliverBatch } from '../lib/queue/batch.ts';
import { within } from '../lib/queue/timeLeft.ts';
import { answer, orMissing } from '../lib/reconcile/answer.ts';
import { deliver } from '../lib/reconcile/deliver.ts';
import { inquire } from '../lib/trial/inquire.ts';
import type { FunctionAnswer, InvokeRequest, World } from '../lib/world.ts';

type Event = SQSEvent | InvokeRequest | { inquiry: Inquiry };

/**
 * The only function with rights in clusters. Takes wakes from the queue, and direct invocations
 * from the API, which wait for the effect of a command or want a fresh look.
 */
export function reconcileHandler(world: World) {
  const logger = ({ error }: { error?: unknown }) =>
    world.log('error', 'reconcile failed', { error: String(error) });
  return middy<Event, SQSBatchResponse | FunctionAnswer | FunctionAnswer<InquiryAnswer>>()
    .use(errorLogger({ logger }))
    .handler(async (event, context) => {
      const here = within(world, context);
      if ('inquiry' in event) return await orMissing(() => inquire(here, event.inquiry));
      return 'Records' in event
        ? await deliverBatch(here, event.Records, (message) => deliver(here, message))
        : await answer(here, event);
    });
}
