import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { apiHandler } from '../../functions/api.ts';
import { liveApi } from '../../lib/aws/api.ts';
import { makeEvent, makeView, path } from '../api/support.ts';
import { startLambda, startTable, table } from '../cli/awsTable.ts';
import { serin, temporaryFolder } from '../cli/support.ts';

const role = 'arn:aws:iam::123456789012:role/Ops';
const settings = `
policies: |
  permit (principal in Group::"ci", action in [Action::"read", Action::"stop"], resource);
  permit (principal == Iam::"${role}", action, resource);
`;

const functions = {
  SERIN_RECONCILE_FUNCTION: 'reconcile',
  SERIN_LOOK_FUNCTION: 'look',
};

/** The function that Lambda loads, over a table and a Lambda of this machine. */
async function stage(named: Record<string, string> = functions) {
  const { server } = await startTable();
  const { invoked } = await startLambda(() => ({ view: makeView() }));
  const file = join(temporaryFolder(), 'settings.yaml');
  writeFileSync(file, settings);
  const env = { SERIN_TABLE: table };
  await serin(['settings', 'apply', file], env);
  const { out } = await serin(['token', 'create', 'nightly', '--group', 'ci'], env);
  const handler = apiHandler(
    await liveApi({ ...env, SERIN_QUEUE_URL: 'http://127.0.0.1:9/queue', ...named }),
  );
  const call = async (method: string, target: string, { token = out.trim(), iam = '' } = {}) => {
    const event = makeEvent(method, target, { headers: { authorization: `Bearer ${token}` } });
    const authorizer = { iam: { userArn: iam, accountId: '123456789012' } };
    if (iam !== '') Object.assign(event.requestContext, { authorizer });
    const { statusCode, body } = await handler(event, {} as Context);
    return { status: statusCode, body: JSON.parse(body ?? '') };
  };
  return { call, invoked, server, env };
}

describe('the API on AWS', () => {
  it('goes by what the command line put into the table', async () => {
    const { call, env } = await stage();
    expect((await call('GET', path)).status).toBe(200);
    const denied = await call('POST', `${path}/promote`);
    expect([denied.status, denied.body.detail]).toEqual([
      403,
      expect.stringContaining('token:nightly may not do this: no policy permits promote'),
    ]);
    await serin(['token', 'revoke', 'nightly'], env);
    expect((await call('GET', path)).status).toBe(401);
  });

  it('lets in whom AWS has proven, by role', async () => {
    const { call } = await stage();
    const iam = 'arn:aws:sts::123456789012:assumed-role/Ops/ada';
    const told = await call('POST', `/iam${path}/abort`, { iam, token: '' });
    expect([told.status, told.body.actor]).toEqual([
      202,
      { name: `${role} session ada`, proof: 'verified' },
    ]);
    const other = iam.replace('/Ops/', '/Dev/');
    expect((await call('POST', `/iam${path}/abort`, { iam: other, token: '' })).status).toBe(403);
    expect((await call('POST', `/iam${path}/abort`)).status).toBe(401);
    expect((await call('POST', `${path}/abort`, { iam, token: '' })).status).toBe(401);
  });

  it('looks afresh by the function for looks, and commands by the one that reconciles', async () => {
    const { call, invoked } = await stage();
    expect((await call('GET', `${path}?fresh=true`)).status).toBe(200);
    const key = { cluster: 'prod', namespace: 'shop', name: 'front-api' };
    expect(invoked).toEqual([{ name: 'look', request: { key, look: true } }]);
    invoked.length = 0;
    await call('POST', `${path}/abort`);
    expect(invoked.at(-1)).toEqual({ name: 'reconcile', request: { key } });
  });

  it('of commands looks by the one that reconciles where it is told of no other', async () => {
    const { call, invoked } = await stage({ SERIN_RECONCILE_FUNCTION: 'reconcile' });
    await call('POST', `${path}/abort`);
    expect(invoked.map(({ name }) => name)).toEqual(['reconcile', 'reconcile']);
  });

  it('without its table says how to do it with kubectl', async () => {
    const { call, server } = await stage();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    const { status, body } = await call('POST', `${path}/abort`);
    expect(status).toBe(503);
    expect(body.detail).toContain('kubectl argo rollouts abort front-api -n shop');
  });
});
