import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { service } from './awsStage.ts';
import { serin } from './support.ts';

const web = { cluster: 'prod', namespace: 'shop', name: 'web' };
const api = { ...web, name: 'api' };

type Letter = { id: string; body: string; isHidden: boolean };

/** Two queues as SQS keeps them, as far as a redrive asks: what is received is hidden for a while. */
async function queues(
  dead: unknown[],
  options: { refusesSends?: boolean; noPolicy?: boolean } = {},
) {
  const letters: Letter[] = dead.map((body, index) => ({
    ...{ id: String(index), isHidden: false },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }));
  const sent: object[] = [];
  const hide = (id: string, isHidden: boolean) => {
    const found = letters.find((letter) => letter.id === id);
    if (found) found.isHidden = isHidden;
  };
  const { url, seen } = await service(({ body, target }) => {
    const input = JSON.parse(body);
    const operation = target.split('.')[1];
    if (operation === 'GetQueueAttributes') {
      const arn = 'arn:aws:sqs:eu-central-1:111111111111:serin-dead';
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 5 });
      return { body: { Attributes: options.noPolicy ? {} : { RedrivePolicy } } };
    }
    if (operation === 'GetQueueUrl')
      return { body: { QueueUrl: `${url}/111111111111/serin-dead` } };
    if (operation === 'ReceiveMessage') {
      const some = letters.filter(({ isHidden }) => !isHidden).slice(0, input.MaxNumberOfMessages);
      for (const { id } of some) hide(id, true);
      const Messages = some.map((each) => ({
        ...{ Body: each.body, ReceiptHandle: each.id },
        MD5OfBody: createHash('md5').update(each.body).digest('hex'),
      }));
      return { body: Messages.length > 0 ? { Messages } : {} };
    }
    if (operation === 'SendMessage') {
      if (options.refusesSends) {
        return { status: 403, body: { __type: 'AccessDeniedException', message: 'not you' } };
      }
      sent.push(JSON.parse(input.MessageBody));
      const digest = createHash('md5').update(input.MessageBody).digest('hex');
      return { body: { MD5OfMessageBody: digest } };
    }
    const at = letters.findIndex(({ id }) => id === input.ReceiptHandle);
    if (operation === 'DeleteMessage') letters.splice(at, 1);
    if (operation === 'ChangeMessageVisibility') hide(input.ReceiptHandle, false);
    return { body: {} };
  });
  const variables = {
    ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' },
    AWS_ENDPOINT_URL_SQS: url,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const env = { SERIN_QUEUE_URL: `${url}/111111111111/serin` };
  const run = (line: string) => serin(line.split(' '), env);
  return { run, letters, sent, seen };
}

describe('redrive', () => {
  it('moves one wake for each rollout, due now, and leaves what is none', async () => {
    const dead = [
      { key: web, at: 5, retries: 5 },
      { key: api },
      { key: web },
      { list: 'prod' },
      'poison',
    ];
    const { run, letters, sent } = await queues(dead);
    const { code, out, err } = await run('redrive');
    expect(code).toBe(0);
    expect(out).toMatch(/^Moved 4 dead letters, as 3 wakes:\n/);
    expect(out).toMatch(/^ {2}prod\/shop\/web +2$/m);
    expect(err).toBe('left, since it is no wake: poison');
    expect(sent).toEqual([{ key: web }, { key: api }, { list: 'prod' }]);
    expect(letters).toEqual([{ id: '4', body: 'poison', isHidden: false }]);
    expect((await run('redrive')).out).toBe('There are no dead letters to move.\n');
  });

  it('a dry run says the same and puts all back', async () => {
    const { run, letters, sent } = await queues([{ key: web }, { key: api }]);
    const { out } = await run('redrive --dry-run');
    expect(out).toMatch(/^Would move 2 dead letters, as 2 wakes:\n/);
    expect(sent).toEqual([]);
    expect(letters.map(({ isHidden }) => isHidden)).toEqual([false, false]);
  });

  it('is bounded', async () => {
    const dead = Array.from({ length: 25 }, (_, index) => ({ key: { ...web, name: `w${index}` } }));
    const { run, letters, sent } = await queues(dead);
    const { err } = await run('redrive --limit 12');
    expect(sent).toHaveLength(12);
    expect(letters).toHaveLength(13);
    expect(err).toMatch(/there may be more: 12 were looked at/);
  });

  it('a letter is not deleted before its wake is in the queue', async () => {
    const { run, letters } = await queues([{ key: web }], { refusesSends: true });
    const { code, err } = await run('redrive');
    expect(code).toBe(1);
    expect(err).toMatch(/AccessDenied.*sqs:SendMessage/);
    expect(letters).toHaveLength(1);
  });

  it('says what is missing', async () => {
    const { run } = await queues([], { noPolicy: true });
    expect((await run('redrive')).err).toMatch(/has no dead-letter queue/);
    expect((await run('redrive --limit 0')).code).toBe(2);
    const { code, err } = await serin(['redrive']);
    expect(code).toBe(2);
    expect(err).toMatch(/--queue-url or SERIN_QUEUE_URL/);
  });
});
