import { describe, expect, it } from 'vitest';
import { Transient } from '../../lib/errors.ts';
import { minuteMs, secondMs } from '../../lib/model/units.ts';
import type { Store } from '../../lib/world.ts';
import { start } from '../api/support.ts';
import { circleci, generic, github, githubPush } from './payloads.ts';
import { hmac, makeHook, makeHooks, makeRule, setsImage, signed } from './support.ts';

describe('who sent it is known before anything is read', () => {
  const body = JSON.stringify(circleci());
  const good = hmac(body);
  it.each([
    ['none', {}],
    ['empty', { 'circleci-signature': '' }],
    ['truncated', { 'circleci-signature': `v1=${good.slice(0, 63)}` }],
    ['longer', { 'circleci-signature': `v1=${good}00` }],
    ['with another secret', { 'circleci-signature': `v1=${hmac(body, 'x'.repeat(32))}` }],
    ['over another body', { 'circleci-signature': `v1=${hmac(`${body} `)}` }],
    ['with no secret', { 'circleci-signature': `v1=${hmac(body, '')}` }],
    ['of another version', { 'circleci-signature': `v2=${good}` }],
    ['in the header of another sender', { 'x-hub-signature-256': `sha256=${good}` }],
    ['behind too many others', { 'circleci-signature': `${'v1=00,'.repeat(5)}v1=${good}` }],
  ])('a signature: %s', async (_what, headers) => {
    const hooks = await makeHooks([makeHook('circleci')]);
    const request = new Request('https://serin.invalid/v1/hooks/shop', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body,
    });
    const told = await hooks.send(request);
    expect(told.status).toBe(401);
    expect(told.body.detail).toMatch(/circleci-signature/);
    expect(hooks.done).toEqual([]);
  });

  it('what is unsigned is not parsed: nothing is said of it', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(signed('github', '{', { secret: 'y'.repeat(32) }));
    expect(told.status).toBe(401);
    expect(JSON.stringify(told.body)).not.toMatch(/JSON/);
  });

  it('one good signature of several is enough, as while CircleCI changes its version', async () => {
    const hooks = await makeHooks([makeHook('circleci')]);
    const headers = {
      'circleci-signature': `v0=${'0'.repeat(64)}, v1=${'0'.repeat(64)},v1=${good}`,
    };
    expect((await hooks.send(signed('circleci', body, { headers }))).status).toBe(200);
  });

  it('one body, one byte changed on its way', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    const text = JSON.stringify(github());
    const headers = { 'x-hub-signature-256': `sha256=${hmac(text)}` };
    const told = await hooks.send(signed('github', text.replace('main', 'mbin'), { headers }));
    expect(told.status).toBe(401);
  });
});

describe('a body that is not of the documented form', () => {
  it('with thousands of faults is answered with the first 20, and how many more there are', async () => {
    const hooks = await makeHooks([makeHook('hmac')]);
    const values = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`v${n}`, 7]));
    const told = await hooks.send(signed('hmac', generic({ values })));
    expect(told.status).toBe(422);
    expect(told.body.detail.match(/values\.v\d+:/g)).toHaveLength(20);
    expect(told.body.detail).toMatch(/; and 4980 more\.$/);
  });
});

describe('the secret', () => {
  it('may be one of two while it is changed', async () => {
    const hook = { ...makeHook('github'), secrets: [{ ssm: '/a' }, { ssm: '/b' }] };
    const hooks = await makeHooks([hook]);
    hooks.secrets.set('/a', 'the-old-secret-of-the-hook').set('/b', 'the-new-secret-of-the-hook\n');
    for (const [index, secret] of [
      'the-old-secret-of-the-hook',
      'the-new-secret-of-the-hook',
    ].entries()) {
      const told = await hooks.send(signed('github', github({ run_number: index }), { secret }));
      expect(told.status).toBe(200);
    }
    hooks.secrets.delete('/a');
    hooks.setNow(start + 6 * minuteMs);
    const secret = 'the-new-secret-of-the-hook';
    expect((await hooks.send(signed('github', github(), { secret }))).status).toBe(200);
  });

  it('that was changed is fetched again, and guesses do not fetch it each time', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    expect((await hooks.send(signed('github', github()))).status).toBe(200);
    hooks.setNow(start + minuteMs);
    const secret = 'another-secret-of-this-hook';
    hooks.secrets.set('/serin/hooks/shop', secret);
    expect((await hooks.send(signed('github', github(), { secret }))).status).toBe(200);
    for (let guess = 0; guess < 20; guess += 1) {
      const told = await hooks.send(
        signed('github', github(), { secret: `guess ${guess} of many` }),
      );
      expect(told.status).toBe(401);
    }
    expect(hooks.asked).toHaveLength(2);
  });

  it.each([
    ['cannot be had', undefined],
    ['is empty', ''],
    ['is short', 'short'],
  ])('that %s lets nobody in, and says to come again', async (_what, text) => {
    const hooks = await makeHooks([makeHook('github')]);
    hooks.secrets.delete('/serin/hooks/shop');
    if (text !== undefined) hooks.secrets.set('/serin/hooks/shop', text);
    const told = await hooks.send(signed('github', github(), { secret: text ?? 'x' }));
    expect(told.status).toBe(503);
    expect(told.headers.get('retry-after')).toBe('10');
    expect(hooks.logged).toContain('error a secret of a hook cannot be used');
  });
});

describe('the time of a generic delivery', () => {
  it.each([
    ['clocks 5 minutes apart', -5 * minuteMs],
    ['clocks 5 minutes apart the other way', 5 * minuteMs],
    ['that, and 5 minutes on its way', 10 * minuteMs],
  ])('%s', async (_what, lateMs) => {
    const hooks = await makeHooks([makeHook('hmac')]);
    hooks.setNow(start + lateMs);
    expect((await hooks.send(signed('hmac', generic()))).body.rules[0].result).toBe('done');
  });

  it.each([10 * minuteMs + secondMs, -10 * minuteMs - secondMs])(
    '%i ms is too late',
    async (late) => {
      const hooks = await makeHooks([makeHook('hmac')]);
      hooks.setNow(start + late);
      const told = await hooks.send(signed('hmac', generic()));
      expect(told.status).toBe(401);
      expect(told.body.detail).toMatch(
        /signed at 2026-11-22T10:00:00.000Z, and here it is 2026-11-22T/,
      );
    },
  );

  it('cannot be changed without the secret', async () => {
    const hooks = await makeHooks([makeHook('hmac')]);
    for (const timestamp of [String(start / 1000 + 1), '', '-1', '1e9', '99999999999999']) {
      const headers = { 'serin-timestamp': timestamp };
      expect((await hooks.send(signed('hmac', generic(), { headers }))).status).toBe(401);
    }
  });

  it('a repetition within the window, and one signed anew, do nothing again', async () => {
    const hooks = await makeHooks([makeHook('hmac')]);
    const first = await hooks.send(signed('hmac', generic()));
    hooks.setNow(start + 9 * minuteMs);
    for (const at of [start, start + 9 * minuteMs]) {
      const again = await hooks.send(signed('hmac', generic(), { at }));
      expect(again.status).toBe(200);
      expect(again.body).toEqual({ ...first.body, repeated: true });
    }
    expect(hooks.done).toEqual(['image']);
  });
});

describe('a delivery is done once', () => {
  it('the same body again, by whatever header, is answered as the first was', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    await hooks.send(signed('github', githubPush()));
    const deliver = (id: string) =>
      hooks.send(signed('github', github(), { headers: { 'x-github-delivery': id } }));
    const first = await deliver('1');
    hooks.setNow(start + 89 * 24 * 60 * minuteMs);
    expect((await deliver('2')).body).toEqual({ ...first.body, repeated: true });
    hooks.setNow(start + 91 * 24 * 60 * minuteMs);
    expect((await deliver('3')).body.rules[0].says).toMatch(/too long ago/);
    expect(hooks.done).toEqual(['image']);
  });

  it('many at the same time', async () => {
    const hooks = await makeHooks([makeHook('circleci')]);
    const all = await Promise.all(
      Array.from({ length: 8 }, () => hooks.send(signed('circleci', circleci()))),
    );
    expect(hooks.done).toEqual(['image']);
    const statuses = all.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(1);
    for (const { status, headers } of all) {
      if (status !== 200) expect([status, headers.get('retry-after')]).toEqual([503, '5']);
    }
    expect((await hooks.send(signed('circleci', circleci()))).body.repeated).toBe(true);
  });

  it('what did nothing is not remembered: a rule that was put right acts on it', async () => {
    const settings = [makeHook('github', [makeRule('github', { workflow: 'Typo' }, setsImage)])];
    const hooks = await makeHooks(settings);
    await hooks.send(signed('github', githubPush()));
    expect((await hooks.send(signed('github', github()))).body.rules[0].result).toBe('nothing');
    settings[0] = makeHook('github');
    expect((await hooks.send(signed('github', github()))).body.rules[0].result).toBe('done');
  });
});

/** Fails the nth call, before it is done or (as when its answer is lost) after. */
function failing(
  memory: Store,
  nth: number,
  when: 'before' | 'after',
): { store: Partial<Store>; count: () => number } {
  let count = 0;
  const wrap =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      count += 1;
      const fails = count === nth;
      if (fails && when === 'before') throw new Transient('throttled');
      const answer = await call(...args);
      if (fails) throw new Transient('the answer was lost');
      return answer;
    };
  const { documents } = memory;
  const store = {
    load: wrap(memory.load),
    save: wrap(memory.save),
    documents: { ...documents, get: wrap(documents.get), put: wrap(documents.put) },
  };
  return { store: store as Partial<Store>, count: () => count };
}

describe('a crash or a failing table between any two steps', () => {
  // Of the claim, get, put and put again; of the rollout's record, load and save, and load again.
  const steps = [1, 2, 3, 4, 5, 6];
  const cases = steps.flatMap((nth) =>
    (['before', 'after'] as const).map((when) => ({ nth, when })),
  );
  it.each(cases)('call $nth fails $when it is done', async ({ nth, when }) => {
    let counted = () => 0;
    const hooks = await makeHooks([makeHook('circleci')], {
      store: (memory) => {
        const { store, count } = failing(memory, nth, when);
        counted = count;
        return store;
      },
    });
    const first = await hooks.send(signed('circleci', circleci()));
    if (first.status !== 200) {
      expect(first.status).toBe(503);
      expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // The sender tries again; a lease that was left behind is over after a minute.
    hooks.setNow(start + 2 * minuteMs);
    const again = await hooks.send(signed('circleci', circleci()));
    expect(again.status).toBe(200);
    expect(['done', 'stored']).toContain(again.body.rules[0].result);
    expect(counted()).toBeGreaterThanOrEqual(nth);
    // Reconcile comes by in any case: what is stored is carried out.
    await hooks.deps.world.invoke({
      key: { cluster: 'prod', namespace: 'shop', name: 'front-api' },
    });
    expect(hooks.done).toEqual(['image']);
  });

  it('settings that changed in between do not make it another command', async () => {
    const settings = [makeHook('circleci')];
    let isBroken = true;
    const hooks = await makeHooks(settings, {
      store: (memory) => ({
        save: async (record) => {
          const saved = await memory.save(record);
          if (isBroken) throw new Transient('the answer was lost');
          return saved;
        },
      }),
    });
    expect((await hooks.send(signed('circleci', circleci()))).status).toBe(503);
    isBroken = false;
    const other = { ...setsImage, image: 'elsewhere.example/front-api:{revision}' };
    settings[0] = makeHook('circleci', [
      makeRule('circleci', {}, other),
      makeRule('circleci', {}, other),
    ]);
    const again = await hooks.send(signed('circleci', circleci()));
    expect(again.status).toBe(200);
    expect(again.body.rules).toHaveLength(1);
    const { intents } = (await hooks.stored()) ?? { intents: [] };
    expect(intents.map(({ command }) => command)).toMatchObject([
      { image: expect.stringMatching(/^registry\.example/) },
    ]);
  });

  it('left for too long, it is not begun again', async () => {
    let isBroken = true;
    const hooks = await makeHooks([makeHook('hmac')], {
      store: (memory) => ({
        load: async (key) => {
          if (isBroken) throw new Transient('throttled');
          return memory.load(key);
        },
      }),
    });
    expect((await hooks.send(signed('hmac', generic()))).status).toBe(503);
    isBroken = false;
    const later = start + 90 * minuteMs;
    hooks.setNow(later);
    const told = await hooks.send(signed('hmac', generic(), { at: later }));
    expect(told.body.rules[0]).toMatchObject({ result: 'refused' });
    expect(told.body.rules[0].says).toMatch(
      /begun at 2026-11-22T10:00:00.000Z.*look at the rollout/,
    );
    expect(hooks.done).toEqual([]);
  });
});

describe('a delivery that cannot be taken', () => {
  it.each([
    ['no such hook', 404, signed('github', github(), { id: 'other' })],
    ['a path that is none', 404, signed('github', github(), { id: 'shop/x' })],
    [
      'a form',
      415,
      signed('github', github(), {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    ],
    ['no JSON', 422, signed('github', '{"action":')],
    ['no object', 422, signed('github', 'null')],
    ['a run without a repository', 422, signed('github', github({}, { repository: undefined }))],
    ['a run without a commit', 422, signed('github', github({ head_sha: 7 }))],
    ['a time that is none', 422, signed('github', github({ updated_at: 'soon' }))],
    [
      'more than a function is sent',
      413,
      signed('github', github({}, { filler: 'x'.repeat(6 * 1024 * 1024) })),
    ],
  ])('%s: %i', async (_what, status, request) => {
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(request);
    expect(told.status).toBe(status);
    expect(told.headers.get('content-type')).toBe('application/problem+json');
    expect(told.body.detail.length).toBeGreaterThan(20);
    expect(hooks.done).toEqual([]);
  });

  it.each([
    ['circleci', circleci({ filler: 'x'.repeat(1024 * 1024) })],
    ['hmac', generic({ filler: 'x'.repeat(1024 * 1024) })],
  ] as const)('%s: no run is told in a megabyte', async (kind, body) => {
    const hooks = await makeHooks([makeHook(kind)]);
    const told = await hooks.send(signed(kind, body));
    expect(told.status).toBe(413);
    expect(told.body.detail).toMatch(/larger than 1048576 bytes.*the CLI/);
  });

  it('GET: 405', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    const told = await hooks.send(new Request('https://serin.invalid/v1/hooks/shop'));
    expect([told.status, told.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each([
    ['github', { zen: 'Keep it small.', hook: {} }],
    ['github', github({}, { action: 'requested' })],
    ['circleci', { type: 'something-new', id: 'x' }],
  ] as const)(
    '%s: an event that rules do not know is taken, and does nothing',
    async (kind, body) => {
      const hooks = await makeHooks([makeHook(kind)]);
      const told = await hooks.send(signed(kind, body));
      expect(told.status).toBe(200);
      expect(told.body).toEqual({ hook: 'shop', says: expect.any(String), rules: [] });
    },
  );

  it('a rollout that is not there is the answer, not an error', async () => {
    const rule = makeRule('github', {}, { ...setsImage, rollout: 'back-api' });
    const hooks = await makeHooks([makeHook('github', [rule])]);
    await hooks.send(signed('github', githubPush()));
    hooks.deps.world.invoke = async () => {
      const { NotFound } = await import('../../lib/errors.ts');
      throw new NotFound('there is no such rollout');
    };
    const told = await hooks.send(signed('github', github()));
    expect(told.status).toBe(200);
    expect(told.body.rules[0]).toMatchObject({ result: 'refused' });
    expect(told.body.rules[0].says).toMatch(/There is no rollout back-api/);
  });

  it('a cluster that does not answer: the command is stored, and will be carried out', async () => {
    const hooks = await makeHooks([makeHook('github')]);
    await hooks.send(signed('github', githubPush()));
    hooks.deps.world.invoke = async () => {
      throw new Transient('the reconcile function takes longer than the sender waits');
    };
    const told = await hooks.send(signed('github', github()));
    expect(told.body.rules[0]).toMatchObject({ result: 'stored' });
    expect(hooks.wakes).toHaveLength(1);
    expect((await hooks.stored())?.intents).toHaveLength(1);
  });
});
