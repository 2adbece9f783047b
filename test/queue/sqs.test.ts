import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import { minuteMs } from '../../lib/model/units.ts';
import { readWake } from '../../lib/queue/message.ts';
import { sendingClient, sqsWakes } from '../../lib/queue/sqs.ts';

const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/serin-wakes';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

type SendMessage = {
  QueueUrl: string;
  MessageBody: string;
  DelaySeconds: number;
  MessageGroupId: string;
};

/** A queue on loopback that keeps what it is sent, and answers it so. */
async function queueThat(answer?: { status: number; type: string } | 'nothing' | 'hangs up') {
  const sent: SendMessage[] = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const message: SendMessage = JSON.parse(body);
    sent.push(message);
    if (answer === 'nothing') return;
    if (answer === 'hangs up') return void request.socket.destroy();
    const { status, type } = answer ?? { status: 200, type: '' };
    const failure = { __type: `com.amazonaws.sqs#${type}`, message: 'because' };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    const MD5OfMessageBody = createHash('md5').update(message.MessageBody).digest('hex');
    response.end(JSON.stringify(status === 200 ? { MessageId: '1', MD5OfMessageBody } : failure));
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return { wakes: wakesAt((server.address() as AddressInfo).port), sent };
}

function wakesAt(port: number) {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  const client = sendingClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}` });
  return sqsWakes({ client, queueUrl });
}

describe('sqsWakes', () => {
  it('sends the key with its delay, in the group of its cluster', async () => {
    const { wakes, sent } = await queueThat();
    await wakes.send({ key, at: 1_700_000_000_123 }, 9000);
    expect(sent).toEqual([
      {
        QueueUrl: queueUrl,
        MessageBody: expect.any(String),
        DelaySeconds: 9,
        MessageGroupId: 'prod',
      },
    ]);
    expect(readWake(sent[0]?.MessageBody ?? '')).toEqual({ key, at: 1_700_000_000_123 });
  });

  it.each([
    [0, 0],
    [1, 1],
    [4500, 5],
    [15 * minuteMs, 900],
  ])('%i ms are %i whole seconds: never more than a second early', async (delayMs, seconds) => {
    const { wakes, sent } = await queueThat();
    await wakes.send({ key }, delayMs);
    expect(sent[0]?.DelaySeconds).toBe(seconds);
  });

  it('refuses a delay beyond 15 minutes and sends nothing', async () => {
    const { wakes, sent } = await queueThat();
    await expect(wakes.send({ key }, 15 * minuteMs + 1)).rejects.toThrow(RangeError);
    expect(sent).toEqual([]);
  });

  it('makes a valid group of any cluster name', async () => {
    const { wakes, sent } = await queueThat();
    await wakes.send({ key: { ...key, cluster: `größe ${'x'.repeat(200)}` } }, 0);
    expect(sent[0]?.MessageGroupId).toMatch(/^[\w%.-]{128}$/);
  });

  it.each([
    [403, 'AccessDenied', Terminal, /this role may do sqs:SendMessage/],
    [400, 'QueueDoesNotExist', Terminal, /serin-wakes.*check that it exists/],
    [400, 'RequestThrottled', Transient, /did not answer/],
    [500, 'InternalFailure', Transient, /did not answer/],
    [503, 'ServiceUnavailable', Transient, /did not answer/],
  ])('%i %s', async (status, type, kind, message) => {
    const { wakes, sent } = await queueThat({ status, type });
    const failed = wakes.send({ key }, 0);
    await expect(failed).rejects.toThrow(kind);
    await expect(failed).rejects.toThrow(message);
    expect(sent).toHaveLength(kind === Transient ? 2 : 1);
  });

  it('a queue that does not answer in time may have the message, and is not sent it again', async () => {
    const { wakes, sent } = await queueThat('nothing');
    const failed = wakes.send({ key }, 0);
    await expect(failed).rejects.toThrow(Transient);
    await expect(failed).rejects.toThrow(/did not answer/);
    expect(sent).toHaveLength(1);
  });

  it('is sent again where the connection was gone, as it is after a function was frozen', async () => {
    const { wakes, sent } = await queueThat('hangs up');
    await expect(wakes.send({ key }, 0)).rejects.toThrow(Transient);
    expect(sent).toHaveLength(2);
  });

  it('a queue nobody answers for is Transient', async () => {
    await queueThat();
    const { port } = server!.address() as AddressInfo;
    await new Promise((done) => server?.close(done));
    await expect(wakesAt(port).send({ key }, 0)).rejects.toThrow(Transient);
  });
});

describe('readWake', () => {
  it('takes the kind of an object; without one it is a rollout', () => {
    const run = { ...key, kind: 'AnalysisRun' };
    expect(readWake(JSON.stringify({ key: run }))).toEqual({ key: run });
    expect(readWake(JSON.stringify({ key: { ...key, kind: 'Rollout' } }))).toEqual({ key });
  });

  it('takes the key and the time, and nothing else', () => {
    const body = JSON.stringify({ key: { ...key, uid: 'x' }, at: 5, status: 'Healthy' });
    expect(readWake(body)).toEqual({ key, at: 5 });
    expect(readWake(JSON.stringify({ key, at: 'soon' }))).toEqual({ key });
  });

  it.each([
    'not json',
    'null',
    '[]',
    '{}',
    '{"key":"a/b/c"}',
    '{"key":{"cluster":"a","namespace":"b"}}',
    '{"key":{"cluster":"a","namespace":"b","name":""}}',
    '{"key":{"cluster":"a","namespace":"b","name":7}}',
    '{"key":{"cluster":"a","namespace":"b","name":"c","kind":"Nothing"}}',
  ])('refuses %s', (body) => {
    expect(() => readWake(body)).toThrow(Terminal);
    expect(() => readWake(body)).toThrow(/names no rollout/);
  });
});
