import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { serin, temporaryFolder } from '../cli/support.ts';
import { blocksOf } from './blocks.ts';

// What the documentation shows of each router and of each provider is taken by `serin lint`.

const yaml = (file: string) =>
  blocksOf(file, readFileSync(file, 'utf8')).filter(({ language }) => language === 'yaml');
const apiVersion = 'argoproj.io/v1alpha1';

async function lint(object: object) {
  const file = join(temporaryFolder(), 'manifest.yaml');
  writeFileSync(file, stringify(object));
  return await serin(['lint', file]);
}

const routers = yaml('docs/routers.md').filter(({ text }) => text.startsWith('trafficRouting:'));

it('each router is shown', () => expect(routers).toHaveLength(10));

it.each(routers.map(({ line, text }) => [line, text]))('router, line %i', async (_line, text) => {
  const services = parse(yaml('docs/routers.md')[0]?.text ?? '');
  const rollout = parse(readFileSync('examples/front-api.yaml', 'utf8'));
  Object.assign(rollout.spec.strategy.canary, services, parse(String(text)));
  const { code, out } = await lint(rollout);
  expect(out).toMatch(/: 1 Rollout, nothing wrong\n$/);
  expect(code).toBe(0);
});

const providers = yaml('docs/providers.md').filter(({ text }) => text.startsWith('provider:'));

it('each provider is shown', () => expect(providers).toHaveLength(12));

it.each(providers.map(({ line, text }) => [line, text]))(
  'provider, line %i',
  async (_line, text) => {
    const metric = { name: 'shown', successCondition: 'result != nil', ...parse(String(text)) };
    const spec = { args: [{ name: 'service' }], metrics: [metric] };
    const metadata = { name: 'shown' };
    const { code, out, err } = await lint({ apiVersion, kind: 'AnalysisTemplate', metadata, spec });
    expect(code, out + err).toBe(0);
  },
);
