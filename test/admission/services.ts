import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { dynamo } from '../store/dynamo.ts';

// DynamoDB and SQS for latency.ts, in a thread of their own: they answer as late as the real ones are
// taken to, within their Region. Half of the answers come at the median; one in a hundred comes late.

type Latency = { medianMs: number; lateMs: number };
const latencies: Record<string, Latency> = {
  dynamodb: { medianMs: 4, lateMs: 15 },
  sqs: { medianMs: 8, lateMs: 25 },
};

const table = dynamo({ name: 'serin' });
let answers = 0;

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const [service = '', operation = ''] = String(request.headers['x-amz-target']).split('.');
  const isQueue = service === 'AmazonSQS';
  const { medianMs, lateMs } = latencies[isQueue ? 'sqs' : 'dynamodb'] as Latency;
  answers += 1;
  await delay(answers % 100 === 0 ? lateMs : answers % 2 === 0 ? medianMs : medianMs * 1.5);
  const input = JSON.parse(text);
  const sent = () => ({
    statusCode: 200,
    body: {
      MessageId: '1',
      MD5OfMessageBody: createHash('md5').update(input.MessageBody).digest('hex'),
    },
  });
  const { statusCode, body } = isQueue ? sent() : await table(operation, input);
  response.writeHead(statusCode, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(body));
});
server.listen(0, '127.0.0.1', () => {
  parentPort?.postMessage((server.address() as AddressInfo).port);
});
