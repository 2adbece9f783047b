import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readObjects } from '../../cli/manifest.ts';
import { systemClock } from '../../lib/clock.ts';
import type { RolloutRecord } from '../../lib/model/record.ts';
import { folderStore, memoryStore } from '../../lib/store/embedded.ts';
import type { Store } from '../../lib/world.ts';
import { startEmbedded } from '../../server/embedded.ts';

// A table with many rollouts, each as a turn leaves it: what one release of the example came to, again and
// again.

const example = { cluster: 'local', namespace: 'default', name: 'front-api' };
const speed = 20;
const tries = 200;

/** The record of a release of the example that waits for a promote. */
async function pausedRecord(): Promise<RolloutRecord> {
  const dir = mkdtempSync(join(tmpdir(), 'serin-fleet-'));
  try {
    const serin = await startEmbedded({ speed, port: 0, dir, log: () => {} });
    const files = ['examples/front-api.yaml'];
    serin.apply(await readObjects(files, 'default', { stdin: async () => '' }));
    const { cluster, namespace, name } = example;
    const path = `${serin.server}/v1/clusters/${cluster}/namespaces/${namespace}/rollouts/${name}`;
    const headers = { authorization: `Bearer ${serin.token}`, 'content-type': 'application/json' };
    const reaches = async (phase: string): Promise<void> => {
      for (let left = tries; left > 0; left -= 1) {
        const view = (await (await fetch(path, { headers })).json()) as { phase?: string };
        if (view.phase === phase) return;
        await delay(100);
      }
      throw new Error(`the example does not become ${phase}`);
    };
    await reaches('Healthy');
    const body = JSON.stringify({ container: 'front-api', image: 'front-api:2.4.1' });
    await fetch(`${path}/image`, { method: 'POST', headers, body });
    await reaches('Paused');
    await serin.close();
    const table = await folderStore(dir, systemClock);
    const record = await table.store.load(example);
    await table.close();
    if (record?.view === undefined) throw new Error('the table has no record of the example');
    return record;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** So many rollouts in two clusters and 20 namespaces, one in a hundred of them in a release. */
export async function fleetOf(count: number): Promise<Store> {
  const { view, ...record } = await pausedRecord();
  const store = memoryStore(systemClock);
  if (view === undefined) return store;
  for (let index = 0; index < count; index += 1) {
    const key = {
      cluster: index % 2 === 0 ? 'prod-eu' : 'prod-us',
      namespace: `team-${index % 20}`,
      name: `front-api-${String(index).padStart(4, '0')}`,
    };
    const atRest = { phase: 'Healthy', message: '', paused: false, reasons: [] } as const;
    const its = { ...view, ...key, ...(index % 100 === 0 ? {} : atRest) };
    await store.save({ ...record, key, version: 0, view: its });
  }
  return store;
}
