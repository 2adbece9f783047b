import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import logUpdate from 'log-update';
import type { CanaryStep, Rollout } from '../../lib/model/argo.generated.ts';
import { rolloutIn } from '../cluster/stage.ts';
import { failures, shares } from './client.ts';
import type { RouterName } from './routers.ts';
import { openShop, perSecond, type Shop } from './shop.ts';
import { type Stage, startStage } from './stage.ts';

// Shows where requests go, through a real gateway, during a release and during one that is aborted:
// `npm run demo:traffic -- --router nginx|traefik|gateway`. Exits with 1 if a request failed.

const routersByWord: Record<string, RouterName> = {
  nginx: 'NGINX Ingress',
  traefik: 'TraefikService',
  gateway: 'HTTPRoute',
};
const steps: CanaryStep[] = [10, 25, 50, 75].flatMap((setWeight) => [
  { setWeight },
  { pause: { duration: 8 } },
]);
const barWidth = 50;
/** Shares are of the requests of so long. */
const windowMs = 1000;
const isLive = process.stdout.isTTY === true;
const frameMs = isLive ? 200 : 1000;

function wantedRouter(): RouterName {
  const { values } = parseArgs({ options: { router: { type: 'string', default: 'gateway' } } });
  const router = routersByWord[values.router];
  if (router) return router;
  throw new Error(`--router must be one of ${Object.keys(routersByWord).join(', ')}`);
}

/** Shows the shop until `isOver`, and then for so long that the gateway is seen to have acted. */
async function shown(
  stage: Stage,
  shop: Shop,
  isOver: (rollout: Rollout) => boolean,
): Promise<void> {
  let overAt = Number.POSITIVE_INFINITY;
  while (Date.now() - overAt < 2500) {
    const rollout = await rolloutIn(stage.plane, shop.namespace);
    if (isOver(rollout)) overAt = Math.min(overAt, Date.now());
    const frame = frameOf(rollout, shop);
    if (isLive) logUpdate(frame);
    else console.log(frame);
    await delay(frameMs);
  }
  if (isLive) logUpdate.done();
}

function frameOf({ status = {} }: Rollout, { client }: Shop): string {
  const now = Date.now();
  const parts = shares(client.answers, now - windowMs, now);
  const at = status.canary?.weights?.canary?.weight ?? 0;
  const bars = ['v1', 'v2', 'v3'].flatMap((version) => {
    const share = parts[version];
    if (share === undefined) return [];
    const bar = '█'.repeat(Math.round((share / 100) * barWidth)).padEnd(barWidth, '·');
    return `  ${version} ${bar} ${share.toFixed(1).padStart(5)} %`;
  });
  return [
    `${status.phase}, step ${status.currentStepIndex ?? 0} of ${steps.length}: the canary is to get ${at} %`,
    ...bars,
    `  ${client.answers.length} requests, ${failures(client.answers).length} failed`,
  ].join('\n');
}

function say(line: string): void {
  process.stdout.write(`\n${line}\n`);
}

async function play(stage: Stage, router: RouterName): Promise<number> {
  const shop = await openShop(stage, { name: 'demo', router, steps });
  say(`A release of v2 by ${router}, at ${perSecond} requests a second:`);
  await shop.release('v2');
  const isReleased = ({ status, metadata }: Rollout) =>
    status?.observedGeneration === String(metadata?.generation) && status.phase === 'Healthy';
  await shown(stage, shop, isReleased);
  say('A release of v3, which is aborted at 50 %:');
  await shop.release('v3');
  await shown(stage, shop, ({ status }) => status?.currentStepIndex === 5);
  await shop.abort();
  await shown(stage, shop, ({ status }) => status?.phase === 'Degraded');
  await shop.close();
  const failed = failures(shop.client.answers).length;
  say(`${failed} of ${shop.client.answers.length} requests failed.`);
  return failed;
}

const router = wantedRouter();
say('Starting a control plane, a gateway and serin run …');
const stage = await startStage();
try {
  process.exitCode = (await play(stage, router)) === 0 ? 0 : 1;
} finally {
  await stage.stop();
}
