import { describe, expect, it } from 'vitest';
import type { RolloutView } from '../../lib/model/view.ts';
import { key } from '../faults/stage.ts';
import { openAnalysed } from '../simulate/analysedStage.ts';
import { serin, stubServer } from './support.ts';

const web = (path: string) => ({ web: { url: `http://metrics/t/${path}` } });

/** A release with a background analysis that has measured for a while, and what its API answers. */
async function released(spanMs = 168_000) {
  const rate = { interval: '1m', failureLimit: 3, provider: web('seq/0.97,0.5,0.86,0.91') };
  const status = { interval: '1m', failureLimit: -1, consecutiveSuccessLimit: 9 };
  const metrics = [
    { name: 'success-rate', successCondition: 'result >= 0.9', ...rate },
    { name: 'status', successCondition: 'result == "up"', ...status, provider: web('value/"up"') },
    { name: 'late', initialDelay: '1h', provider: web('value/1') },
  ];
  const analysis = { templates: [{ templateName: 'check' }] };
  const strategy = { canary: { analysis, steps: [{ setWeight: 50 }, { pause: {} }] } };
  const release = await openAnalysed({ strategy }, { check: { metrics } });
  await release.image('web:v2', spanMs);
  const { simulated, clock } = release;
  const { view } = await simulated.world.invoke({ key, look: true });
  const stored = (await simulated.world.store.load(key))?.view as RolloutView;
  const date = new Date(clock.now()).toUTCString();
  const name = release.runNamed('2').metadata?.name ?? '';
  const { env } = await stubServer(({ url }) => {
    if (url.includes('/analysisruns/'))
      return { status: 404, body: { status: 404, title: 'none' } };
    const items = url.includes('/analysisruns') ? [] : [stored];
    const body = /(rollouts|analysisruns)(\?|$)/.test(url) ? { items } : view;
    return { status: 200, headers: { date }, body };
  });
  const get = (...args: string[]) => serin(['get', ...args, '-n', 'shop'], env);
  return { name, get, plain: (text: string) => text.replaceAll(name, 'RUN') };
}

describe('get analysis', () => {
  it('shows what each metric has measured, beside where its condition draws the line', async () => {
    const { name, get, plain } = await released();
    const { code, out } = await get('analysis', name);
    const shown = plain(out)
      .replace(/Age: .*/, 'Age: AGE')
      .replaceAll(/\d\d:\d\d:\d\d/g, 'HH:MM:SS')
      .replaceAll(/in \d+m?\d*s/g, 'in SPAN');
    expect(shown).toBe(`\
Name:            RUN
Rollout:         web, revision 2
Type:            Background
Status:          ◌ Running
Age: AGE

success-rate  ◌ Running
  needs result >= 0.9
  HH:MM:SS  ✔ 0.97  █████████████████████████████████████│██
  HH:MM:SS  ✖ 0.5   █████████████████████                │
  HH:MM:SS  ✖ 0.86  ███████████████████████████████████  │
  limits: measured 3; failures 2 of 3; inconclusive 0 of 0; errors in a row 0 of 4
  next measurement in SPAN

status  ◌ Running
  needs result == "up"
  HH:MM:SS  ✔ "up"
  HH:MM:SS  ✔ "up"
  HH:MM:SS  ✔ "up"
  limits: measured 3; failures 0, without a limit; inconclusive 0 of 0; errors in a row 0 of 4; \
successes in a row 3 of 9 needed
  next measurement in SPAN

late  ◷ Pending
  not measured yet
  limits: measured 0 of 1; failures 0 of 0; inconclusive 0 of 0; errors in a row 0 of 4
  next measurement in SPAN
`);
    expect(code).toBe(0);
    // The newest ones of a rollout.
    expect((await get('analysis/web')).out).toBe((await get('ar', name)).out);
  });

  it('gives scripts the numbers', async () => {
    const { name, get } = await released();
    const { out } = await get('analysis', name, '-o', 'json');
    const { rollout, metrics } = JSON.parse(out);
    expect(rollout).toBe('web');
    expect(metrics[0]).toMatchObject({
      ...{ name: 'success-rate', failed: 2, failureLimit: 3, measured: 3 },
      measurements: [{ value: '0.97' }, { value: '0.5', phase: 'Failed' }, { value: '0.86' }],
      nextAt: expect.any(Number),
    });
  });

  it('lists the runs of the namespace', async () => {
    const { name, get, plain } = await released();
    expect(plain((await get('analysis')).out).replaceAll(/ +/g, ' ')).toMatch(
      /^NAME ROLLOUT REVISION TYPE STATUS GOOD FAILED AGE\nRUN web 2 Background ◌ Running \d \d \w+\n$/,
    );
    const { items } = JSON.parse((await get('analyses', '-o', 'json')).out);
    expect(items).toMatchObject([{ name, rollout: 'web', type: 'Background' }]);
  });

  it('says so of a rollout that has none', async () => {
    const release = await openAnalysed({}, {});
    const { view } = await release.simulated.world.invoke({ key, look: true });
    const stored = (await release.simulated.world.store.load(key))?.view as RolloutView;
    const { env } = await stubServer(({ url }) => {
      if (url.includes('/analysisruns/')) return { status: 404, body: { status: 404, title: '' } };
      return { status: 200, body: url.includes('/rollouts/') ? view : { items: [stored] } };
    });
    const { code, err } = await serin(['get', 'analysis', 'web', '-n', 'shop'], env);
    expect(err).toMatch(/^Rollout web has no analysis runs\.$/m);
    expect(code).toBe(0);
  });

  it('says where other runs are, and refuses what makes no sense', async () => {
    const { get } = await released(1000);
    const { code, err } = await get('analysis', 'web-other-1');
    expect(err).toMatch(/there is no analysis run web-other-1 in namespace shop/);
    expect(code).toBe(3);
    expect((await get('analysis', 'a', 'b')).code).toBe(2);
    expect((await get('analysis', '--watch')).err).toMatch(/--watch and --routes are for rollouts/);
  });
});
