import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { Terminal } from '../../lib/errors.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { sqsWakes } from '../../lib/queue/sqs.ts';
import { dynamoStore } from '../../lib/store/dynamo.ts';
import { startIssuer } from '../access/support.ts';
import { makeEvent } from '../api/support.ts';
import { until } from '../cluster/processes.ts';
import { one } from '../kubernetes/certificates.ts';
import { serveHere } from './http.ts';
import { keyIdOf } from './roles.ts';
import { region } from './services.ts';
import { addFunction, withAws } from './stage.ts';

const aws = withAws();

describe('a bundle under the runtime interface', () => {
  it('sweep answers what it found', async () => {
    const sweep = await addFunction(aws(), 'sweep');
    const { payload, functionError } = await sweep.invoke({});
    expect(functionError, payload).toBeUndefined();
    expect(JSON.parse(payload)).toEqual({ found: 0, queued: 0, skipped: 0, failed: 0 });
  });

  it('tells X-Ray of an invocation and the calls it makes, when calls are traced', async () => {
    const daemon = createSocket('udp4');
    const told: string[] = [];
    daemon.on('message', (segment) => told.push(String(segment)));
    daemon.bind(0, '127.0.0.1');
    await once(daemon, 'listening');
    const cluster = await serveHere(async (_, response) => {
      response.writeHead(404).end('{}');
    }, one);
    try {
      const { documents } = dynamoStore({ client: aws().dynamo, table: aws().table });
      const ca = Buffer.from(one.cert).toString('base64');
      const at = { region: 'eu-central-1', eksName: 'traced', endpoint: cluster.url, ca };
      const doorbell = { webhookEnabled: true, secrets: [] };
      const body = { name: 'traced', ...at, doorbell, addedAt: 0, addedBy: 'the test' };
      await documents.put({ kind: 'cluster', id: 'traced', version: 0, body });
      const env = {
        SERIN_TRACING: 'Active',
        AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
      };
      const reconcile = await addFunction(aws(), 'reconcile', { env });
      await reconcile.invoke({ key: { cluster: 'traced', namespace: 'shop', name: 'front-api' } });
      const names = () => told.map((each) => /"name":"([^"]+)"/.exec(each)?.[1]);
      await until('the segments', async () => names().includes('## index.handler'));
      expect(names()).toContain('DynamoDB');
      expect(names()).toContain('127.0.0.1');
    } finally {
      daemon.close();
      await cluster.stop();
    }
  });

  it('page sends its files, and says where people sign in', async () => {
    const issuer = await startIssuer();
    issuer.mood.discovery = {
      issuer: issuer.url,
      authorization_endpoint: 'https://login.acme.example/authorize',
      token_endpoint: 'https://login.acme.example/token',
    };
    const settings = {
      issuers: [{ name: 'people', issuer: issuer.url, audience: 'serin-page' }],
      page: { issuer: 'people', clientId: 'serin-page' },
    };
    const { documents } = dynamoStore({ client: aws().dynamo, table: aws().table });
    const body = { text: JSON.stringify(settings), hooks: '[]', appliedAt: 1, appliedBy: 'a test' };
    await documents.put({ ...settingsKey, version: 0, body });
    const page = await addFunction(aws(), 'page');
    const get = async (path: string, headers: Record<string, string> = {}) => {
      const { payload, functionError } = await page.invoke(makeEvent('GET', path, { headers }));
      expect(functionError, payload).toBeUndefined();
      const answer = JSON.parse(payload);
      return { ...answer, text: Buffer.from(answer.body, 'base64').toString() };
    };
    const shell = await get('/c/prod/n/shop/r/front-api');
    expect([shell.statusCode, shell.headers['content-type']]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(shell.headers['content-security-policy']).toContain(
      "connect-src 'self' https://login.acme.example;",
    );
    const { text: config } = await get('/config.json');
    expect(JSON.parse(config)).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      signIn: { issuer: issuer.url, clientId: 'serin-page', token: 'id' },
    });
    const [script = ''] = /\/assets\/main-\w+\.js/.exec(shell.text) ?? [];
    const packed = await get(script, { 'accept-encoding': 'gzip, br' });
    expect(packed.headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect((await get('/', { 'if-none-match': shell.headers.etag })).statusCode).toBe(304);
    // It has asked the table for the settings, and for nothing that its role does not let it have.
    expect(aws().refused.splice(0)).toEqual([]);
  });

  it('reconcile says that a cluster is not registered', async () => {
    const reconcile = await addFunction(aws(), 'reconcile');
    const key = { cluster: 'nowhere', namespace: 'shop', name: 'front-api' };
    const { payload, functionError } = await reconcile.invoke({ key });
    // An answer, and no failure: nobody is to be woken up by a name that was mistyped.
    expect(functionError).toBeUndefined();
    expect(JSON.parse(payload)).toEqual({ missing: 'no cluster is registered as nowhere' });
  });
});

describe('whoever has the credentials of', () => {
  const credentialsOf = (name: string) => {
    const { secret = '', sessionToken = '' } = aws().keys.get(keyIdOf(name)) ?? {};
    return { accessKeyId: keyIdOf(name), secretAccessKey: secret, sessionToken };
  };

  it.each(['admission', 'hooks', 'apiCommands'])(
    '%s makes no token and no settings, and removes no cluster',
    async (name) => {
      await addFunction(aws(), name);
      const endpoint = aws().taps.dynamo.url;
      const client = new DynamoDBClient({ region, endpoint, credentials: credentialsOf(name) });
      const { documents } = dynamoStore({ client, table: aws().table });
      const by = { createdAt: 1, createdBy: name };
      const token = { kind: 'token' as const, id: name, version: 0 };
      const making = documents.put({ ...token, body: { name, groups: ['operators'], ...by } });
      await expect(making).rejects.toThrow(/access to table serin was refused/);
      const settings = { ...settingsKey, version: 0 };
      const body = { text: '', hooks: '[]', appliedAt: 1, appliedBy: name };
      await expect(documents.put({ ...settings, body })).rejects.toThrow(/was refused/);
      await expect(documents.remove({ kind: 'cluster', id: 'prod' }, 1)).rejects.toThrow(Terminal);
      expect(await documents.get(token)).toBeUndefined();
      expect(aws().refused.splice(0)).toEqual([
        `${keyIdOf(name)} dynamodb:PutItem on Table token`,
        `${keyIdOf(name)} dynamodb:PutItem on Table settings`,
        `${keyIdOf(name)} dynamodb:DeleteItem on Table cluster`,
      ]);
    },
  );

  it('apiReads neither wakes nor has anything carried out', async () => {
    await addFunction(aws(), 'apiReads');
    const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
    const options = { region, credentials: credentialsOf('apiReads') };
    const client = new SQSClient({ ...options, endpoint: aws().taps.sqs.url });
    const queueUrl = `${aws().taps.sqs.url}${new URL(aws().queues.wakes).pathname}`;
    await expect(sqsWakes({ client, queueUrl }).send({ key }, 0)).rejects.toThrow(Terminal);
    const lambda = new LambdaClient({ ...options, endpoint: aws().invokeApi.url });
    const command = new InvokeCommand({ FunctionName: 'reconcile', Payload: '{}' });
    await expect(lambda.send(command)).rejects.toThrow(/not allowed/);
    expect(aws().refused.splice(0)).toEqual([
      `${keyIdOf('apiReads')} sqs:SendMessage on Wakes`,
      `${keyIdOf('apiReads')} lambda:InvokeFunction on Reconcile`,
    ]);
  });
});
