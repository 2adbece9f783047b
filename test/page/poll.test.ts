import { describe, expect, it } from 'vitest';
import { type Look, type PollFailure, type PollState, startPoll } from '../../page/api/poll.ts';

type Answer = Look<string> | PollFailure;

/** A poller on a clock of the test's own, which answers one after the other what `answers` has. */
function stage(answers: (Answer | Promise<Answer>)[], paceMs = 5000) {
  const timers: { at: number; callback: () => void }[] = [];
  const states: PollState<string>[] = [];
  const asked: number[] = [];
  let now = 0;
  let hidden = false;
  let seenAgain = (): void => {};
  const world = {
    now: () => now,
    random: () => 0.5,
    isHidden: () => hidden,
    later: (callback: () => void, ms: number) => {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
    },
    onReturn: (callback: () => void) => {
      seenAgain = callback;
      return () => {};
    },
  };
  const poller = startPoll<string>(world, {
    look: async () => {
      asked.push(now);
      const answer = await (answers.shift() ?? {});
      if (answer instanceof Error) throw answer;
      return answer;
    },
    pace: () => paceMs,
    tell: (state) => states.push(state),
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return {
    ...{ poller, asked, settle },
    last: () => states.at(-1),
    pass: async (ms: number) => {
      const until = now + ms;
      await settle();
      for (;;) {
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.splice(timers.indexOf(due), 1);
        now = due.at;
        due.callback();
        await settle();
      }
      now = until;
    },
    hide: () => {
      hidden = true;
    },
    show: async () => {
      hidden = false;
      seenAgain();
      await settle();
    },
  };
}

function failure(status: number, retryAfterMs?: number): PollFailure {
  return Object.assign(new Error(`status ${status}`), {
    status,
    ...(retryAfterMs && { retryAfterMs }),
  });
}

describe('polling', () => {
  it('asks at its pace and keeps what has not changed', async () => {
    const { asked, pass, last } = stage([{ value: 'one' }, {}, { value: 'two', observedAt: 7 }]);
    await pass(9999);
    expect(asked).toEqual([0, 5000]);
    expect(last()).toMatchObject({ value: 'one', heardAt: 5000 });
    await pass(1);
    expect(last()).toEqual({ value: 'two', heardAt: 10_000, observedAt: 7, paceMs: 5000 });
  });

  it('backs off while nobody answers, up to a minute, and says so until somebody does', async () => {
    const down = Array.from({ length: 8 }, () => failure(0));
    const { asked, pass, last } = stage([{ value: 'one' }, ...down, {}]);
    await pass(5000 + 2000 + 4000 + 8000);
    expect(asked).toEqual([0, 5000, 7000, 11_000, 19_000]);
    expect(last()).toMatchObject({ value: 'one', heardAt: 0, failure: { status: 0 } });
    await pass(16_000 + 32_000 + 60_000 + 60_000 + 60_000);
    expect(asked.slice(-3).map((at, index, all) => at - (all[index - 1] ?? at))).toEqual([
      0, 60_000, 60_000,
    ]);
    expect(last()?.failure).toBeUndefined();
  });

  it('waits as long as it is told to', async () => {
    const { asked, pass } = stage([failure(429, 20_000), {}]);
    await pass(20_000);
    expect(asked).toEqual([0, 20_000]);
  });

  it.each([401, 403])('does not ask again for what is refused (%i)', async (status) => {
    const { asked, pass } = stage([failure(status)]);
    await pass(600_000);
    expect(asked).toEqual([0]);
  });

  it('asks for what is gone at its pace: it may come back', async () => {
    const { asked, pass } = stage([failure(404), failure(404)], 30_000);
    await pass(60_000);
    expect(asked).toEqual([0, 30_000, 60_000]);
  });

  it('rests while nobody looks, and asks at once when somebody does', async () => {
    const { asked, pass, hide, show } = stage([{ value: 'one' }, {}]);
    await pass(1000);
    hide();
    await pass(5000);
    await pass(600_000);
    expect(asked).toEqual([0, 5000]);
    await show();
    expect(asked).toEqual([0, 5000, 606_000]);
  });

  it('never asks twice at a time: what is wanted meanwhile comes after', async () => {
    let answer = (_: Answer): void => {};
    const slow = new Promise<Answer>((resolve) => {
      answer = resolve;
    });
    const { asked, poller, settle, last } = stage([slow, { value: 'new' }]);
    poller.wake();
    poller.wake();
    await settle();
    expect(asked).toEqual([0]);
    answer({ value: 'old' });
    await settle();
    expect(asked).toEqual([0, 0]);
    expect(last()?.value).toBe('new');
  });

  it('tells nothing once it is over', async () => {
    let answer = (_: Answer): void => {};
    const slow = new Promise<Answer>((resolve) => {
      answer = resolve;
    });
    const { poller, settle, last, pass, asked } = stage([slow]);
    poller.stop();
    answer({ value: 'late' });
    await settle();
    await pass(60_000);
    expect([last(), asked]).toEqual([undefined, [0]]);
  });
});
