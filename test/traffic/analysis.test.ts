import { describe, expect, it } from 'vitest';
import type { AnalysisRun, CanaryStep } from '../../lib/model/argo.generated.ts';
import { faulty } from './backends.ts';
import { type Answer, failures } from './client.ts';
import type { RouterName } from './routers.ts';
import { openShop, type Shop, told } from './shop.ts';
import { withStage } from './stage.ts';

// Releases that judge themselves: by the requests that the gateway counted, as Prometheus scraped them.

const stage = withStage({ metrics: true });
const bad = `v3${faulty}`;
const steps: CanaryStep[] = [20, 50].flatMap((setWeight) => [
  { setWeight },
  { pause: { duration: 8 } },
]);
const limit = 0.99;
const background = { templates: [{ templateName: 'success-rate' }], startingStep: 1 };

/** The part of the canary's requests of the last seconds that did not fail; all where there were none. */
function successRate(namespace: string): string {
  const rate = (more: string): string =>
    `sum(rate(traefik_service_requests_total{service=~".*${namespace}.*canary.*"${more}}[5s]))`;
  return `${rate(',code!~"5.."')} / (${rate('')} > 0) or vector(1)`;
}

function template(namespace: string): object {
  const { address } = stage().metrics();
  const metric = {
    ...{ name: 'success-rate', initialDelay: '3s', interval: '1s', failureLimit: 2 },
    successCondition: `result[0] >= ${limit}`,
    provider: { prometheus: { address, query: successRate(namespace) } },
  };
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate' },
    ...{ metadata: { name: 'success-rate', namespace }, spec: { metrics: [metric] } },
  };
}

/** Of the background, the newest first. */
async function runs(namespace: string): Promise<AnalysisRun[]> {
  const args = ['get', 'analysisruns', '-n', namespace, '-o', 'json'];
  const { items } = JSON.parse(await stage().plane.kubectl(args)) as { items: AnalysisRun[] };
  const made = (run: AnalysisRun): string => run.metadata?.creationTimestamp ?? '';
  return items.sort((a, b) => made(b).localeCompare(made(a)));
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** How long the way from a bad sample in Prometheus was, to the last request that the canary got. */
async function wayBack(shop: Shop, from: number): Promise<{ ms: number; line: string }> {
  const ofBad = shop.client.answers.filter(({ version }) => version === bad);
  const failedAt = Math.min(...failures(ofBad).map(({ at }) => at));
  const lastAt = Math.max(...ofBad.map(({ at }) => at));
  const rates = await stage().metrics().range(successRate(shop.namespace), from, Date.now());
  const [badAt = Number.NaN] = rates.find(([, value]) => value < limit) ?? [];
  const line =
    `the canary's first failed answer; bad in Prometheus after ${seconds(badAt - failedAt)}; ` +
    `0 % of requests ${seconds(lastAt - badAt)} after that (${ofBad.length} requests in all)`;
  return { ms: lastAt - badAt, line };
}

const isCanarysOwn = ({ version, failure }: Answer): boolean =>
  version === bad && failure === 'status 500';

describe('a canary that is judged by its success rate', () => {
  it.concurrent.each<[RouterName, string]>([
    ['NGINX Ingress', 'nginx-judged'],
    ['TraefikService', 'traefik-judged'],
    ['HTTPRoute', 'gateway-judged'],
  ])('by %s goes through by itself, or back by itself', async (router, name) => {
    const options = { name, router, steps, objects: [template(name)] };
    const shop = await openShop(stage(), { ...options, canary: { analysis: background } });
    try {
      await shop.release('v2');
      await shop.reaches('Healthy', steps.length);
      await shop.measure('v2', 100);
      const [good] = await runs(name);
      expect(good?.status?.phase).toBe('Successful');
      expect(good?.status?.metricResults?.[0]?.successful).toBeGreaterThan(5);
      expect(failures(shop.client.answers)).toEqual([]);
      await shop.shrinks();
      const from = Date.now();
      await shop.release(bad);
      const { status } = await shop.reaches('Degraded');
      await shop.measure(bad, 0);
      const [run] = await runs(name);
      const why = 'Metric "success-rate" assessed Failed due to failed (3) > failureLimit (2)';
      expect(run?.status).toMatchObject({ phase: 'Failed', message: why });
      expect(status).toMatchObject({ abort: true });
      expect(status?.message).toContain(why);
      const { ms, line } = await wayBack(shop, from);
      console.log(`${router}: ${line}`);
      expect(ms).toBeLessThan(10_000);
      expect(shop.measured.at(-1)?.share).toBe(0);
      await shop.shrinks();
    } finally {
      await shop.close();
      console.log(told(`${router}, judged`, shop));
    }
    const failed = failures(shop.client.answers);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.filter((each) => !isCanarysOwn(each))).toEqual([]);
  });
});
