import { describe, expect, it, onTestFinished } from 'vitest';
import { readExample } from '../../cli/manifest.ts';
import type { RolloutView } from '../../lib/model/view.ts';
import { startEmbedded } from '../../server/embedded.ts';
import { serin, stubServer, view } from './support.ts';

type Version = { image: string; revision: number };

/** A look at a rollout that is at the first of these versions, with the others behind it. */
function at(phase: string, current: Version, ...older: Version[]): RolloutView {
  const revisions = [current, ...older].map(({ image, revision }) => {
    const set = { name: `web-${image}`, podHash: image, status: 'Healthy', images: [image] };
    const pods = { createdAt: 0, desired: 1, current: 1, available: 1, roles: [] };
    return { revision, replicaSets: [{ ...set, ...pods }] };
  });
  const { image: podHash, revision } = current;
  return view({ phase, podHash, revision, revisions: revisions as RolloutView['revisions'] });
}

async function looking(...views: RolloutView[]) {
  return await stubServer((_seen, count) => ({
    status: 200,
    body: views[Math.min(count, views.length) - 1] ?? {},
    headers: { etag: `"${Math.min(count, views.length)}"`, 'retry-after': '0' },
  }));
}

const old = { image: 'web:1', revision: 1 };
const wanted = { image: 'web:2', revision: 2 };
const newer = { image: 'web:3', revision: 3 };

describe.each([
  ['an image', ['--expect-image', 'web:2']],
  ['a revision', ['--expect-revision', '2']],
  ['both', ['--expect-image', 'web:2', '--expect-revision', '2']],
])('a wait that expects %s', (_, expectation) => {
  const wait = async (views: RolloutView[], ...more: string[]) => {
    const { env } = await looking(...views);
    return await serin(['wait', 'web', '--timeout', '2s', ...expectation, ...more], env);
  };

  it('does not take the old version’s phase for the new one’s', async () => {
    for (const phase of ['healthy', 'paused']) {
      const before = [at('Healthy', old), at('Degraded', old), at('Progressing', wanted, old)];
      const { code, out, err } = await wait(
        [...before, at('Healthy', wanted, old)],
        '--for',
        phase,
      );
      expect([code, out]).toEqual([0, '◌ Progressing\n✔ Healthy\n']);
      expect(err).toMatch(/^serin: web is at web:1 \(revision 1\); .*waited for/);
    }
  });

  it('for a pause ends with 0 at the pause', async () => {
    const views = [at('Paused', old), at('Progressing', wanted, old), at('Paused', wanted, old)];
    const { code, out } = await wait(views, '--for', 'paused');
    expect([code, out]).toEqual([0, '◌ Progressing\n॥ Paused\n']);
  });

  it('ends with 1 when that version is Degraded', async () => {
    const { code, out } = await wait([at('Healthy', old), at('Degraded', wanted, old)]);
    expect([code, out]).toEqual([1, '✖ Degraded\n']);
    const asked = await wait(
      [at('Degraded', old), at('Degraded', wanted, old)],
      '--for',
      'degraded',
    );
    expect(asked.code).toBe(0);
  });

  it('ends with 2 when it never comes, and says what was there instead', async () => {
    const { code, out, err } = await wait([at('Healthy', old)], '--timeout', '300ms');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(
      /the time is up, and web did not come to .*2.*: it is Healthy at web:1 \(revision 1\)/,
    );
  });

  it('ends at once with 1 when another takes its place', async () => {
    const since = Date.now();
    for (const before of [[at('Progressing', wanted, old)], [at('Healthy', old)]]) {
      const { code, err } = await wait(
        [...before, at('Healthy', newer, wanted, old)],
        '--timeout',
        '1m',
      );
      expect(code).toBe(1);
      expect(err).toMatch(/superseded: it is at web:3 \(revision 3\)/);
    }
    expect(Date.now() - since).toBeLessThan(30_000);
  });

  it('does not take what is half written for another', async () => {
    // The ReplicaSet and the revision come before the status.
    const half = { ...at('Progressing', old, wanted), revision: 2 };
    const { code } = await wait([at('Healthy', old), half, at('Healthy', wanted, old)]);
    expect(code).toBe(0);
  });

  it('is a wait for `status` too', async () => {
    const { env } = await looking(at('Healthy', old), at('Healthy', wanted, old));
    const { code, out } = await serin(['status', 'web', ...expectation], env);
    expect([code, out]).toEqual([0, '✔ Healthy\n']);
  });
});

describe('a version that was there before', () => {
  it('is waited for when it is to come again', async () => {
    const again = { image: 'web:1', revision: 3 };
    const { env } = await looking(at('Healthy', wanted, old), at('Healthy', again, wanted));
    const { code } = await serin(['wait', 'web', '--expect-image', 'web:1'], env);
    expect(code).toBe(0);
  });

  it('is named when it does not', async () => {
    const { env } = await looking(at('Healthy', newer, wanted, old));
    const line = ['wait', 'web', '--expect-image', 'web:2', '--timeout', '300ms'];
    const { code, err } = await serin(line, env);
    expect(code).toBe(2);
    expect(err).toMatch(/it is Healthy at web:3 \(revision 3\); web:2 was revision 2/);
  });

  it('as a revision that is past is not waited for', async () => {
    const { env } = await looking(at('Healthy', newer, wanted, old));
    const { code, err } = await serin(['wait', 'web', '--expect-revision', '2'], env);
    expect(code).toBe(1);
    expect(err).toMatch(/superseded: it is at web:3 \(revision 3\)/);
  });

  it('as a revision of another image is not waited for', async () => {
    const { env } = await looking(at('Healthy', wanted, old));
    const line = ['wait', 'web', '--expect-revision', '2', '--expect-image', 'web:9'];
    const { code, err } = await serin(line, env);
    expect(code).toBe(1);
    expect(err).toMatch(/revision 2 .* web:2, not web:9/);
  });
});

describe('a wait for a version, on all of Serin', { timeout: 60_000 }, () => {
  it('sees a first deployment, a release, its abort and one that is run again', async () => {
    const embedded = await startEmbedded({ speed: 20, port: 0, log: () => {} });
    onTestFinished(() => embedded.close());
    const env = {
      SERIN_SERVER: embedded.server,
      SERIN_TOKEN: embedded.token,
      SERIN_CLUSTER: embedded.cluster,
    };
    const line = async (text: string) => await serin(text.split(' '), env);
    const waitFor = (phase: string, image: string) =>
      line(`wait front-api --for ${phase} --expect-image front-api:${image} --timeout 20s`);
    embedded.apply(await readExample('default'));
    expect((await waitFor('paused', 'old-tag')).code).toBe(0);
    const waiting = waitFor('paused', 'new-tag');
    expect((await line('set image front-api front-api=front-api:new-tag')).code).toBe(0);
    expect(await waiting).toMatchObject({ code: 0, out: expect.stringMatching(/Paused.*\n$/) });
    expect((await waitFor('paused', 'new-tag')).code).toBe(0);
    await line('abort front-api');
    expect((await waitFor('healthy', 'new-tag')).code).toBe(1);
    await line('retry front-api');
    await line('promote front-api --full');
    expect((await waitFor('healthy', 'new-tag')).code).toBe(0);
    // A pipeline that is run again.
    expect((await waitFor('paused', 'new-tag')).code).toBe(0);
  });
});
