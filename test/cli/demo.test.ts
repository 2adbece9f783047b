import { expect, it } from 'vitest';
import { binary } from './support.ts';

it('the demo ends Healthy, with its pauses kept', { timeout: 40_000 }, async () => {
  const { code, out, err } = await binary(['demo', '--speed', '40']);
  expect(err).toBe('');
  expect(out).toMatch(/^200 by .+ \(verified\): .*\n/m);
  const phases = [...out.matchAll(/^Status: +(.*)$/gm)].map(([, phase]) => phase);
  expect(phases).toContain('॥ Paused');
  expect(phases.at(-1)).toBe('✔ Healthy');
  expect(out).toMatch(/^ {2}TIME +REVISION +WHAT +WHO +DETAIL$/m);
  expect(out).toMatch(/ promoted +\S+ \(verified\) +.*because: the error rate is fine/);
  expect(out).toMatch(
    /Timed pauses:\n {2}asked for 60s, kept for [\d.]+s: kept\n {2}asked for 10s, kept for [\d.]+s: kept\n/,
  );
  const [ended, opens] = out.trimEnd().split('\n').slice(-2);
  expect(ended).toMatch(
    /^It ended Healthy with front-api:new-tag, after \w+ of the cluster's time\.$/,
  );
  expect(opens).toMatch(/`serin open front-api`/);
  expect(code).toBe(0);
});
