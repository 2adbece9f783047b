import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Context } from 'aws-lambda';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hooksHandler } from '../../functions/hooks.ts';
import { ssmSecrets } from '../../lib/aws/ssm.ts';
import { Terminal, Transient } from '../../lib/errors.ts';
import { dynamoClient } from '../../lib/store/dynamo.ts';
import { makeEvent } from '../api/support.ts';
import { github, githubPush } from './payloads.ts';
import { hmac, makeHook, makeHooks, signed } from './support.ts';

describe('the function of the webhooks', () => {
  it('takes the bytes as API Gateway passes them on', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    await hooks.send(signed('github', githubPush()));
    const handler = hooksHandler(hooks.deps);
    const body = JSON.stringify(github({ name: 'Release', triggering_actor: { login: 'zoë' } }));
    const headers = {
      'content-type': 'application/json',
      'x-hub-signature-256': `sha256=${hmac(body)}`,
    };
    const event = makeEvent('POST', '/v1/hooks/shop', { headers, body });
    for (const each of [event, { ...event, isBase64Encoded: false, body }]) {
      const told = await handler(each, {} as Context);
      expect(told.statusCode).toBe(200);
      expect(JSON.parse(told.body ?? '').actor).toMatch(/\(zoë\)$/);
    }
    expect(hooks.done).toEqual(['image']);
  });
});

/** A stand-in for SSM that answers as the test says. */
async function ssm(status: number, body: string) {
  const seen: { headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ headers: request.headers, body: await text(request) });
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = dynamoClient({ region: 'eu-west-1' });
  const credentials = async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' });
  const config = { ...client.config, credentials };
  const env = { AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${port}` };
  return { seen, read: ssmSecrets(config, env), close: () => server.close() };
}

describe('a secret in SSM', () => {
  it('is asked for by a signed request', async () => {
    const { seen, read } = await ssm(200, '{"Parameter":{"Value":"s3cret"}}');
    expect(await read({ ssm: '/serin/hooks/shop' })).toBe('s3cret');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      Name: '/serin/hooks/shop',
      WithDecryption: true,
    });
    expect(seen[0]?.headers).toMatchObject({
      'x-amz-target': 'AmazonSSM.GetParameter',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/ssm\/aws4_request, /,
      ),
    });
  });

  it.each([
    [400, '{"__type":"ParameterNotFound"}', Terminal, /ParameterNotFound: check its name/],
    [
      400,
      '{"__type":"x#AccessDeniedException","Message":"no"}',
      Terminal,
      /AccessDen.*: no: check/,
    ],
    [400, '{"__type":"ThrottlingException"}', Transient, /Throttling/],
    [503, '<html>', Transient, /SSM parameter \/s/],
  ])('%i %s', async (status, body, kind, words) => {
    const { read } = await ssm(status, body);
    await expect(read({ ssm: '/s' })).rejects.toThrow(kind);
    await expect(read({ ssm: '/s' })).rejects.toThrow(words);
  });

  it('that nobody answers for', async () => {
    const { read, close } = await ssm(200, '');
    close();
    await expect(read({ ssm: '/s' })).rejects.toThrow(Transient);
  });
});
