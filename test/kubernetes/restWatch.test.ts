import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namespace, pod, rollout, version } from './objects.ts';
import { type Served, type Simulation, servedSimulation, type Wire } from './serve.ts';

const rollouts = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts';

type Event = { type: string; object: Wire };
type Watch = { next: () => Promise<Event | undefined>; stop: () => void };

let made: Simulation & Served;
const open: Watch[] = [];
beforeEach(async () => {
  made = await servedSimulation({ historyMax: 20, bookmarkMs: 20 });
});
afterEach(async () => {
  for (const { stop } of open.splice(0)) stop();
  await made.close();
});

async function watch(path: string, query: Record<string, string> = {}): Promise<Watch> {
  const controller = new AbortController();
  const search = new URLSearchParams({ watch: 'true', ...query });
  const response = await fetch(`${made.server}${path}?${search}`, { signal: controller.signal });
  expect(response.status).toBe(200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Event | undefined> => {
    while (!text.includes('\n')) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) return undefined;
      text += value;
    }
    const end = text.indexOf('\n');
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return JSON.parse(line);
  };
  const watched = { next, stop: () => controller.abort() };
  open.push(watched);
  return watched;
}

async function events(watched: Watch, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const event = await watched.next();
    if (event?.type === 'BOOKMARK') continue;
    seen.push(`${event?.type} ${event?.object.metadata?.name}`);
  }
  return seen;
}

async function listVersion(path: string): Promise<string> {
  const list = (await (await fetch(`${made.server}${path}`)).json()) as Wire;
  return list.metadata.resourceVersion ?? '';
}

describe('a watch', () => {
  it('from now on begins with what there is', async () => {
    made.sim.apply('Rollout', rollout('a'));
    const watched = await watch(rollouts);
    expect(await events(watched, 1)).toEqual(['ADDED a']);
    made.sim.apply('Rollout', rollout('b'));
    made.sim.patchStatus(namespace, 'a', { phase: 'Healthy' });
    made.sim.deleteObject('Rollout', namespace, 'b');
    expect(await events(watched, 3)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  it('from a list misses nothing and repeats nothing', async () => {
    made.sim.apply('Rollout', rollout('a'));
    made.sim.apply('Rollout', rollout('gone'));
    made.sim.deleteObject('Rollout', namespace, 'gone');
    const resourceVersion = await listVersion(rollouts);
    made.sim.apply('Pod', pod('not-asked-for'));
    made.sim.apply('Rollout', rollout('b'));
    made.sim.deleteObject('Rollout', namespace, 'a');
    const watched = await watch(rollouts, { resourceVersion });
    expect(await events(watched, 2)).toEqual(['ADDED b', 'DELETED a']);
    made.sim.apply('Rollout', rollout('c'));
    const last = await watched.next();
    expect(last).toMatchObject({ type: 'ADDED', object: { kind: 'Rollout' } });
  });

  it('goes on from the version of any event, a deletion too', async () => {
    const first = await watch(rollouts, { resourceVersion: await listVersion(rollouts) });
    made.sim.apply('Rollout', rollout('a'));
    made.sim.deleteObject('Rollout', namespace, 'a');
    const added = await first.next();
    const deleted = await first.next();
    expect(deleted?.type).toBe('DELETED');
    const resourceVersion = deleted?.object.metadata.resourceVersion ?? '';
    expect(Number(resourceVersion)).toBeGreaterThan(Number(added?.object.metadata.resourceVersion));
    made.sim.apply('Rollout', rollout('b'));
    const second = await watch(rollouts, { resourceVersion });
    expect(await events(second, 1)).toEqual(['ADDED b']);
  });

  it('sees objects come into its selector and leave it', async () => {
    made.sim.apply('Rollout', rollout('a', { tier: 'x' }));
    const watched = await watch(rollouts, { labelSelector: 'tier=front' });
    const other = await watch('/apis/argoproj.io/v1alpha1/rollouts', {
      fieldSelector: 'metadata.name=b',
    });
    made.sim.apply('Rollout', rollout('a', { tier: 'front' }));
    made.sim.apply('Rollout', rollout('b'));
    made.sim.apply('Rollout', rollout('a', { tier: 'back' }));
    expect(await events(watched, 2)).toEqual(['ADDED a', 'DELETED a']);
    expect(await events(other, 1)).toEqual(['ADDED b']);
  });

  it('from too long ago is told so', async () => {
    const resourceVersion = await listVersion(rollouts);
    for (let count = 0; count < 30; count += 1) made.sim.apply('Rollout', rollout(`r${count}`));
    const watched = await watch(rollouts, { resourceVersion });
    const event = await watched.next();
    expect(event).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(await watched.next()).toBeUndefined();
    const refused = await fetch(`${made.server}${rollouts}?watch=1&resourceVersion=soon`);
    expect(refused.status).toBe(400);
  });

  it('that streams its list marks its end, as new clients ask for it', async () => {
    const stored = made.sim.apply('Rollout', rollout('a'));
    const watched = await watch(rollouts, {
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    expect((await watched.next())?.type).toBe('ADDED');
    expect(await watched.next()).toEqual({
      type: 'BOOKMARK',
      object: {
        kind: 'Rollout',
        apiVersion: 'argoproj.io/v1alpha1',
        metadata: {
          resourceVersion: version(stored),
          creationTimestamp: null,
          annotations: { 'k8s.io/initial-events-end': 'true' },
        },
      },
    });
  });

  it('brings bookmarks to who wants them, and ends in time', async () => {
    const watched = await watch(rollouts, { allowWatchBookmarks: 'true', timeoutSeconds: '1' });
    made.sim.apply('Pod', pod('elsewhere'));
    const marks = [];
    for (let event = await watched.next(); event; event = await watched.next()) {
      expect(event.type).toBe('BOOKMARK');
      marks.push(event.object.metadata.resourceVersion);
    }
    expect(marks.length).toBeGreaterThan(1);
    expect(marks.at(-1)).toBe(version(made.sim.read.get('Pod', namespace, 'elsewhere')));
  });

  it('of what there never is stays open and empty', async () => {
    const watched = await watch(rollouts.replace('rollouts', 'analysisruns'), {
      allowWatchBookmarks: 'true',
    });
    made.sim.apply('Rollout', rollout('a'));
    expect(await watched.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'AnalysisRun' },
    });
  });
});
