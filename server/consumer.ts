import { randomUUID } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { reconcileHandler } from '../functions/reconcile.ts';
import { sweepHandler } from '../functions/sweep.ts';
import { Transient } from '../lib/errors.ts';
import type { InquiryAnswer } from '../lib/model/inquiry.ts';
import type { Consumer } from '../lib/simulate/world.ts';
import { type FunctionAnswer, foundIn, type QueueMessage } from '../lib/world.ts';

/** Of a process that has no end. */
export const noContext = {} as Context;

/** Serin as it runs in AWS: the functions' own handlers, fed with the events that Lambda gives them. */
export const consumer: Consumer = {
  deliver: async (message, world) => {
    const event = { Records: [sqsRecord(message)] };
    const answer = (await reconcileHandler(world)(event, noContext)) as SQSBatchResponse;
    if (answer.batchItemFailures.length > 0) throw new Transient('the wake is to come again');
  },
  invoke: async (request, world) =>
    foundIn((await reconcileHandler(world)(request, noContext)) as FunctionAnswer),
  inquire: async (inquiry, world) =>
    foundIn(
      (await reconcileHandler(world)({ inquiry }, noContext)) as FunctionAnswer<InquiryAnswer>,
    ),
  sweep: async (world) => {
    await sweepHandler(world)({}, noContext);
  },
};

function sqsRecord(message: QueueMessage): SQSRecord {
  return {
    messageId: randomUUID(),
    receiptHandle: 'local',
    body: JSON.stringify(message),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'local',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:local:000000000000:serin',
    awsRegion: 'local',
  };
}
