import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { Terminal } from '../../lib/errors.ts';
import { fromTime, minuteMs } from '../../lib/model/units.ts';
import { noteOutage } from '../../lib/queue/outage.ts';
import { sweep } from '../../lib/queue/sweep.ts';
import { deliver } from '../../lib/reconcile/deliver.ts';
import { virtualClock } from '../../lib/simulate/clock.ts';
import { simulatedWorld } from '../../lib/simulate/world.ts';
import { sqliteTable } from '../../lib/store/sqlite.ts';
import { storeOn } from '../../lib/store/store.ts';
import type { Item, ItemKey, Table } from '../../lib/store/table.ts';
import { rollout } from '../simulate/manifests.ts';

// What turns and sweeps write to the table lies in the partitions that infra/roles.yml gives their functions.
// `npm run test:aws` has the other functions, and the rest of the rights.

type Statement = {
  Action: string | string[];
  Condition?: { 'ForAllValues:StringLike'?: { 'dynamodb:LeadingKeys': string[] } };
};
const file = join(import.meta.dirname, '..', '..', 'infra', 'roles.yml');
// CloudFormation's own tags stand for text that is not read here.
const tags = ['!GetAtt', '!Sub', '!If', '!Ref'];
const read = parse(readFileSync(file, 'utf8'), {
  merge: true,
  customTags: tags.flatMap((tag) => [
    { tag, resolve: (text: string) => text },
    { tag, collection: 'seq' as const, resolve: (list: unknown) => list },
  ]) as never,
});

function partitionsOf(role: string, action: string): string[] {
  const [policy] = read.Resources[role].Properties.Policies;
  const statements: Statement[] = policy.PolicyDocument.Statement;
  return statements
    .filter(({ Action }) => [Action].flat().includes(`dynamodb:${action}`))
    .flatMap(({ Condition }) => {
      return Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? [];
    });
}

/** A table that lets by what the role may write, and keeps the partitions of all else. */
function limited(table: Table, role: string, refused: Set<string>): Table {
  const guarded = <I extends ItemKey, A extends unknown[], T>(
    action: string,
    write: (item: I, ...rest: A) => Promise<T>,
  ) => {
    const given = partitionsOf(role, action).map((pattern) => pattern.replace(/\*$/, ''));
    return async (item: I, ...rest: A): Promise<T> => {
      const isGiven = given.some((prefix) => item.pk.startsWith(prefix));
      if (isGiven) return await write(item, ...rest);
      refused.add(`${action} ${item.pk}`);
      throw new Terminal(`${role} may not ${action} ${item.pk}`);
    };
  };
  return {
    ...table,
    put: guarded<Item, [Parameters<Table['put']>[1]], boolean>('PutItem', table.put),
    remove: guarded('DeleteItem', table.remove),
  };
}

it('turns, lists and sweeps write only where the roles of their functions let them', async () => {
  const clock = virtualClock(fromTime('2026-01-01T00:00:00Z'));
  const table = sqliteTable();
  const refused = new Set<string>();
  const told: string[] = [];
  const tell = async (_: object, { kind }: { kind: string }) => {
    told.push(kind);
    return {};
  };
  const storeFor = (role: string) => storeOn(limited(table, role, refused), clock.now);
  const store = storeFor('ReconcileRole');
  const swept = storeFor('SweepRole');
  const webhook = { url: 'https://ops.example', secret: 'ssm:/serin/messages/ops' };
  const messages = { channels: async () => [{ name: 'ops', webhook }], send: tell };
  const { cluster, connect, world } = simulatedWorld({ clock, seed: 1, store, messages });
  connect({
    deliver: (message, each) => deliver(each, message),
    sweep: async (each) => void (await sweep({ ...each, store: swept })),
  });
  const pass = (ms: number) => clock.run({ until: clock.now() + ms, eventsMax: 100_000 });
  const place = { namespace: 'shop' };
  const provider = { web: { url: 'http://metrics/t/value/1' } };
  const metrics = [{ name: 'm', interval: '20m', count: 2, provider }];
  cluster.apply('AnalysisTemplate', { metadata: { ...place, name: 'check' }, spec: { metrics } });
  const analyses = [{ name: 'check', templateName: 'check', requiredForCompletion: true }];
  const templates = [{ name: 'new', specRef: 'canary' as const }];
  const steps = [{ setWeight: 34 }, { experiment: { templates, analyses } }];
  const analysis = { templates: [{ templateName: 'check' }] };
  cluster.apply('Rollout', rollout({ strategy: { canary: { steps, analysis } } }));
  await pass(minuteMs);
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web:v2' }] },
  };
  cluster.apply('Rollout', rollout({ strategy: { canary: { steps, analysis } }, template }));
  // Some waits are beyond the queue's reach, so that the sweep queues what comes due.
  await pass(10 * minuteMs);
  await noteOutage(world, 'local', new Error('503'));
  await world.wakes.send({ list: 'local' }, 0);
  await pass(60 * minuteMs);
  expect([...refused]).toEqual([]);
  const ran = cluster.read.list('AnalysisRun', 'shop').map(({ status }) => status?.phase);
  expect(ran).toEqual(['Successful', 'Successful']);
  expect(cluster.read.get('Rollout', 'shop', 'web').status?.phase).toBe('Healthy');
  cluster.deleteObject('Rollout', 'shop', 'web');
  await pass(10 * minuteMs);
  expect([...refused]).toEqual([]);
  expect(told).toContain('completed');
  // Messages that were sent are forgotten a day later.
  await pass(25 * 60 * minuteMs);
  expect([...refused]).toEqual([]);
});
