import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Terminal, Transient } from '../../lib/errors.ts';
import { watch } from '../../lib/kubernetes/watch.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';

type Opening = { version: string | undefined };
type Answer = {
  status: number;
  text?: AsyncIterable<string>;
  halfOpen?: (signal: AbortSignal) => AsyncIterable<string>;
  body?: unknown;
};

const line = (type: string, version: number, more: object = {}): string => {
  const metadata = { name: 'web', resourceVersion: `${version}` };
  return `${JSON.stringify({ type, object: { metadata, ...more } })}\n`;
};

async function* said(...chunks: string[]): AsyncGenerator<string> {
  yield* chunks;
}

/** Follows with answers given one by one; after the last, the server is silent. */
async function follow(answers: Answer[], lists: (() => Promise<string>)[] = []) {
  const opened: Opening[] = [];
  const seen: string[] = [];
  let listed = 0;
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const list = async () => {
    listed += 1;
    const version = (await lists.shift()?.()) ?? `${listed}00`;
    return version;
  };
  const open = async ({ query }: { query?: Record<string, string> }, signal: AbortSignal) => {
    opened.push({ version: query?.resourceVersion });
    const answer = answers.shift();
    if (answer) return { ...answer, ...(answer.halfOpen && { text: answer.halfOpen(signal) }) };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    throw new Transient('stopped');
  };
  const sink = {
    found: () => {},
    complete: () => seen.push('listed'),
    change: (type: string, { metadata }: Rollout) =>
      seen.push(`${type} ${metadata?.resourceVersion}`),
    trouble: (error: Error) => seen.push(error.message),
  };
  const place = { kind: 'Rollout' as const, namespace: '' };
  await watch({ open } as never, list, place, sink, stop.signal);
  return { opened, seen, versions: () => opened.map(({ version }) => version) };
}

describe('a watch', () => {
  it('goes on from where the server ended it, bookmarks included', async () => {
    const text = said(
      line('ADDED', 101).slice(0, 20),
      line('ADDED', 101).slice(20),
      line('BOOKMARK', 150),
    );
    const { seen, versions } = await follow([{ status: 200, text }]);
    await expect.poll(versions).toEqual(['100', '150']);
    expect(seen).toEqual(['listed', 'ADDED 101']);
  });

  it.each<[string, Answer]>([
    ['as an event', { status: 200, text: said(line('ERROR', 0, { code: 410 })) }],
    ['as an answer', { status: 410, body: {} }],
  ])('lists again when its version is too old (%s)', async (_name, answer) => {
    const { seen, versions } = await follow([answer]);
    await expect.poll(versions).toEqual(['100', '200']);
    expect(seen).toEqual(['listed', 'listed']);
  });

  it('lists again after a connection that broke, and says so', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield line('MODIFIED', 101);
      throw new Error('socket hang up');
    }
    const { seen, versions } = await follow([{ status: 200, text: broken() }]);
    await expect.poll(versions, { timeout: 3000 }).toEqual(['100', '200']);
    expect(seen).toEqual(['listed', 'MODIFIED 101', 'socket hang up', 'listed']);
  });

  it('does not believe a connection on which nothing has come for two and a half minutes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const marks: (() => void)[] = [];
    const half = async function* (signal: AbortSignal): AsyncGenerator<string> {
      for (const version of [150, 160]) {
        await new Promise<void>((resolve) => marks.push(resolve));
        yield line('BOOKMARK', version);
      }
      await new Promise((_, reject) => signal.addEventListener('abort', reject));
    };
    const { seen, versions } = await follow([{ status: 200, halfOpen: half }]);
    for (const waitMs of [70_000, 70_000, 149_000]) {
      await vi.advanceTimersByTimeAsync(waitMs);
      marks.shift()?.();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(versions()).toEqual(['100']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(seen).toEqual(['listed', 'watch rollouts.argoproj.io *: silent for 150 s', 'listed']);
    expect(versions()).toEqual(['100', '200']);
  });

  it('waits for a server that is not there yet', async () => {
    const away = () => Promise.reject(new Transient('connection refused'));
    const { seen } = await follow([], [away, away]);
    expect(seen).toEqual(['connection refused', 'connection refused', 'listed']);
  });

  it('does not wait where it may not look', async () => {
    const forbidden = () => Promise.reject(new Terminal('403'));
    await expect(follow([], [forbidden])).rejects.toThrow(Terminal);
  });

  it('asks again, and not at once, when it is refused later', async () => {
    const refused = { status: 403, body: { message: 'rollouts is forbidden' } };
    const { seen, versions } = await follow([refused]);
    await delay(20);
    expect(versions()).toEqual(['100']);
    await expect.poll(versions, { timeout: 3000 }).toEqual(['100', '200']);
    expect(seen[1]).toMatch(/watch rollouts.argoproj.io/);
  });
});
