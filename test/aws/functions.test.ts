import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { dynamoStore } from '../../lib/store/table.ts';
import { until } from '../cluster/processes.ts';
import { one } from '../kubernetes/certificates.ts';
import { serveHere } from './http.ts';
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
      const doorbell = { rings: true, secrets: [] };
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

  it('reconcile says that a cluster is not registered', async () => {
    const reconcile = await addFunction(aws(), 'reconcile');
    const key = { cluster: 'nowhere', namespace: 'shop', name: 'front-api' };
    const { payload, functionError } = await reconcile.invoke({ key });
    expect(functionError).toBe('Unhandled');
    expect(JSON.parse(payload)).toMatchObject({
      errorType: 'NotFound',
      errorMessage: 'no cluster is registered as nowhere',
    });
  });
});
