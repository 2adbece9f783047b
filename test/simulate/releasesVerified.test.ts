import { describe, expect, it } from 'vitest';
import { verifyAnnotation } from '../../lib/model/names.ts';
import { openVerified, type Verified } from './verifiedStage.ts';

const promote = { do: 'plugin', line: 'promote' } as const;
const abort = { do: 'plugin', line: 'abort' } as const;
const throttled = { throttled: 1, lies: 0 };
const calm = { throttled: 0, lies: 0 };

/** What changes, as it is seen once a second. */
async function seen(release: Verified, seconds: number, look: () => string): Promise<string[]> {
  const found: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const now = look();
    if (found.at(-1) !== now) found.push(now);
    await release.pass(1000);
  }
  return found;
}

/** The weight asked for, whether it is verified, and the one that the load balancer has. */
const weightOf = (release: Verified) => (): string => {
  const { weights } = release.status().canary ?? {};
  return `${weights?.canary?.weight} ${weights?.verified} ${release.sent().canary}`;
};

/** What each side gets, and the image that it leads to. */
const splitOf = (release: Verified) => (): string => {
  const to = (side: 'canary' | 'stable') => `${release.sent()[side]} % to ${release.led(side)}`;
  return `${to('stable')}, ${to('canary')}`;
};

async function atFirstPause(...of: Parameters<typeof openVerified>): Promise<Verified> {
  const release = await openVerified(...of);
  await release.image('web:v2', 30_000);
  expect(release.where()).toBe('Paused 1/4');
  return release;
}

describe('a weight behind a load balancer', () => {
  it('is given once the new targets are healthy, and done once the load balancer has it', async () => {
    const release = await openVerified();
    await release.image('web:v2', 0);
    const states = await seen(release, 30, () => `${release.where()}: ${weightOf(release)()}`);
    expect(states).toEqual([
      'Healthy 4/4: 0 undefined 0',
      'Progressing 0/4: 0 true 0',
      'Progressing 0/4: 25 false 0',
      'Paused 1/4: 25 true 25',
    ]);
    expect(release.healthy('canary')).toBe(1);
    expect(release.dog.violations).toEqual([]);
  });

  it('says what it waits for', async () => {
    const release = await openVerified({}, { delayMs: 20_000 });
    await release.image('web:v2', 5000);
    expect(await release.why()).toContainEqual(
      expect.stringMatching(/^0 of 1 targets of the canary pods are healthy/),
    );
    await release.pass(40_000);
    expect(await release.why()).toContainEqual(
      expect.stringMatching(/^The ALB of Ingress web still sends 100 % to the old pods\./),
    );
    await release.pass(30_000);
    expect(release.where()).toBe('Paused 1/4');
  });

  it('has its load balancer and target groups in the status, as the peer has them', async () => {
    const release = await atFirstPause();
    const { alb, albs } = release.status();
    const arn = 'arn:aws:elasticloadbalancing:us-east-1:123456789012';
    expect(albs).toEqual([alb]);
    expect(alb).toEqual({
      ingress: 'web',
      loadBalancer: {
        name: 'k8s-shop-web',
        arn: `${arn}:loadbalancer/app/k8s-shop-web/50dc6c495c0c9188`,
        fullName: 'k8s-shop-web/50dc6c495c0c9188',
      },
      canaryTargetGroup: {
        name: 'k8s-shop-canary',
        arn: `${arn}:targetgroup/k8s-shop-canary/0000000000000001`,
        fullName: 'k8s-shop-canary/0000000000000001',
      },
      stableTargetGroup: {
        name: 'k8s-shop-stable',
        arn: `${arn}:targetgroup/k8s-shop-stable/0000000000000002`,
        fullName: 'k8s-shop-stable/0000000000000002',
      },
    });
  });
});

describe('pods behind a load balancer', () => {
  it('go only when it sends nothing to them any more', async () => {
    const release = await atFirstPause({ scaleDownDelaySeconds: 0 }, { delayMs: 5000 });
    await release.after(promote, 90_000);
    await release.after(promote, 0);
    const states = await seen(release, 150, () => {
      const old = release.sizes()['web:v1'] ?? 0;
      return `${release.sent().stable} % to ${release.led('stable')}, ${old} old pods`;
    });
    expect(states).toEqual([
      '50 % to web:v1, 4 old pods',
      '0 % to web:v1, 4 old pods',
      '0 % to web:v2, 0 old pods',
      '100 % to web:v2, 0 old pods',
    ]);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.dog.violations).toEqual([]);
  });

  it('of the stable version shrink as it sends less, with dynamicStableScale', async () => {
    const release = await openVerified({ dynamicStableScale: true }, { delayMs: 10_000 });
    await release.image('web:v2', 0);
    const states = await seen(release, 60, () => {
      return `${release.sent().stable} %, ${release.sizes()['web:v1']} pods`;
    });
    expect(states).toEqual(['100 %, 4 pods', '75 %, 4 pods', '75 %, 3 pods']);
  });

  it('of the stable version come back for a newer image, with dynamicStableScale', async () => {
    const release = await atFirstPause({ dynamicStableScale: true }, { delayMs: 5000 });
    await release.after(promote, 60_000);
    expect(release.sizes()).toEqual({ 'web:v1': 2, 'web:v2': 2 });
    await release.image('web:v3', 0);
    const states = await seen(release, 90, () => {
      const { 'web:v1': pods } = release.sizes();
      return `${release.sent().canary} % to ${release.led('canary')}, ${pods} stable pods`;
    });
    expect(states).toEqual([
      '50 % to web:v2, 2 stable pods',
      '50 % to web:v2, 4 stable pods',
      '0 % to web:v2, 4 stable pods',
      '0 % to web:v3, 4 stable pods',
      '25 % to web:v3, 4 stable pods',
      '25 % to web:v3, 3 stable pods',
    ]);
    expect(release.dog.violations).toEqual([]);
  });

  it('get everything by the canary before the stable Service is theirs, if promoted in full', async () => {
    const release = await atFirstPause();
    await release.after({ do: 'plugin', line: 'promote --full' }, 0);
    const states = await seen(release, 60, () => {
      return `${release.sent().canary} % to the canary, stable is ${release.led('stable')}`;
    });
    expect(states).toEqual([
      '25 % to the canary, stable is web:v1',
      '100 % to the canary, stable is web:v1',
      '100 % to the canary, stable is web:v2',
      '0 % to the canary, stable is web:v2',
    ]);
    expect(release.healthy('stable')).toBe(4);
  });

  it('get everything before a newer image takes the canary from them', async () => {
    const release = await openVerified({}, { delayMs: 5000 });
    release.cluster.failAws(throttled);
    await release.image('web:v2', 30_000);
    await release.after({ do: 'plugin', line: 'promote --full' }, 60_000);
    await release.image('web:v3', 60_000);
    expect(release.sent()).toEqual({ canary: 0, stable: 100 });
    expect([release.led('stable'), release.led('canary')]).toEqual(['web:v1', 'web:v2']);
    const { weights } = release.status().canary ?? {};
    expect(weights?.canary?.podTemplateHash).toBe(release.status().stableRS);
    expect(await release.why()).toContainEqual(
      expect.stringMatching(/^What the ALB of Ingress web does is not known/),
    );
    release.cluster.failAws(calm);
    const states = await seen(release, 240, splitOf(release));
    expect(states).toEqual([
      '100 % to web:v1, 0 % to web:v2',
      '0 % to web:v1, 100 % to web:v2',
      '0 % to web:v2, 100 % to web:v2',
      '100 % to web:v2, 0 % to web:v2',
      '100 % to web:v2, 0 % to web:v3',
      '75 % to web:v2, 25 % to web:v3',
    ]);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.dog.violations).toEqual([]);
  });

  it('get the canary Service before they are promoted, from a version that was given up', async () => {
    const release = await atFirstPause({}, { delayMs: 5000 });
    await release.image('web:v3', 4000);
    await release.after({ do: 'plugin', line: 'promote --full' }, 0);
    const states = await seen(release, 150, splitOf(release));
    expect(states).toEqual([
      '75 % to web:v1, 25 % to web:v2',
      '100 % to web:v1, 0 % to web:v2',
      '100 % to web:v1, 0 % to web:v3',
      '0 % to web:v3, 100 % to web:v3',
      '100 % to web:v3, 0 % to web:v3',
    ]);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.dog.violations).toEqual([]);
  });

  it('get nothing before they are targets again, when their Service was led away meanwhile', async () => {
    const steps = [{ setWeight: 100 }, { pause: {} }];
    const release = await openVerified({ steps }, { delayMs: 4000, healthMs: 20_000 });
    await release.image('web:v2', 90_000);
    await release.after(abort, 0);
    while (release.led('canary') === 'web:v2') await release.pass(100);
    // Somebody has Serin look while the controller has not followed yet, and promotes when it has.
    await release.pass(3500);
    await release.edit('Rollout', 'web', { metadata: { annotations: { note: 'looked at' } } });
    await release.pass(700);
    await release.after({ do: 'plugin', line: 'promote --full' }, 0);
    const state = () => `${release.sent().canary} % to ${release.healthy('canary')} targets`;
    expect(await seen(release, 120, state)).toEqual([
      '0 % to 0 targets',
      '0 % to 4 targets',
      '100 % to 4 targets',
      '0 % to 4 targets',
    ]);
    expect(release.where()).toBe('Healthy 2/2');
    expect(release.dog.violations).toEqual([]);
  });

  it('take turns as ping and pong', async () => {
    const pingPong = { pingService: 'ping', pongService: 'pong' };
    const release = await openVerified({ pingPong });
    await release.image('web:v2', 30_000);
    await release.after(promote, 30_000);
    await release.after(promote, 60_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    const stable = release.status().canary?.stablePingPong ?? '';
    expect(release.sent()).toMatchObject({ [stable]: 100 });
    expect(release.led(stable)).toBe('web:v2');
    expect(release.dog.violations).toEqual([]);
  });
});

describe('while AWS does not say', () => {
  it('a release waits, says so, and goes on when it does', async () => {
    const release = await openVerified();
    release.cluster.failAws(throttled);
    await release.image('web:v2', 120_000);
    expect(release.where()).toBe('Progressing 0/4');
    expect(release.sent()).toEqual({ canary: 0, stable: 100 });
    expect(release.status().canary?.weights?.verified).toBe(false);
    expect(await release.why()).toContainEqual(
      expect.stringMatching(/^What the ALB of Ingress web does is not known: Throttling/),
    );
    release.cluster.failAws(calm);
    await release.pass(120_000);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.sent()).toEqual({ canary: 25, stable: 75 });
    expect(release.dog.violations).toEqual([]);
  });

  it('an abort does not wait, and pods stay until it is known that nothing is sent to them', async () => {
    const release = await atFirstPause({ abortScaleDownDelaySeconds: 1 });
    release.cluster.failAws(throttled);
    await release.after(abort, 60_000);
    expect(release.where()).toBe('Degraded 0/4');
    expect(release.sent()).toEqual({ canary: 0, stable: 100 });
    expect(release.sizes()).toEqual({ 'web:v1': 4, 'web:v2': 1 });
    release.cluster.failAws(calm);
    await release.pass(120_000);
    expect(release.sizes()).toEqual({ 'web:v1': 4 });
  });

  it('what it lacks or calls unhealthy for a while is not taken for done', async () => {
    const release = await openVerified();
    release.cluster.failAws({ throttled: 0.2, lies: 0.3 });
    await release.image('web:v2', 300_000);
    expect(release.where()).toBe('Paused 1/4');
    expect(release.sent()).toEqual({ canary: 25, stable: 75 });
    expect(release.dog.violations).toEqual([]);
  });
});

describe('behind an NLB', () => {
  const times = { delayMs: 5000 };

  it('a step waits for what the listener does by default, and pods stay as long', async () => {
    const release = await openVerified({ scaleDownDelaySeconds: 0 }, times, 'nlb');
    await release.image('web:v2', 0);
    const states = await seen(release, 40, () => `${release.where()}: ${weightOf(release)()}`);
    expect(states).toEqual([
      'Healthy 4/4: 0 undefined 0',
      'Progressing 0/4: 0 true 0',
      'Progressing 0/4: 25 false 0',
      // It is looked at again a little later.
      'Progressing 0/4: 25 false 25',
      'Paused 1/4: 25 true 25',
    ]);
    await release.after(promote, 90_000);
    await release.after(promote, 180_000);
    expect(release.where()).toBe('Healthy 4/4');
    expect(release.sizes()).toEqual({ 'web:v2': 4 });
    expect(release.sent()).toEqual({ canary: 0, stable: 100 });
    expect(release.dog.violations).toEqual([]);
  });

  it('the status names no ALB, and explain names the Service', async () => {
    const release = await openVerified({}, times, 'nlb');
    release.cluster.failAws(throttled);
    await release.image('web:v2', 60_000);
    expect(release.where()).toBe('Progressing 0/4');
    expect(release.status()).not.toHaveProperty('albs');
    expect(await release.why()).toContainEqual(
      expect.stringMatching(/^What the NLB of Service stable does is not known: Thr/),
    );
  });
});

it('nobody looks where the annotation of the rollout says so', async () => {
  const release = await openVerified({}, { delayMs: 60_000 });
  await release.pass(120_000);
  await release.edit('Rollout', 'web', {
    metadata: { annotations: { [verifyAnnotation]: 'false' } },
  });
  await release.image('web:v2', 10_000);
  expect(release.where()).toBe('Paused 1/4');
  expect(release.sent()).toEqual({ canary: 0, stable: 100 });
  expect(release.status().canary?.weights).not.toHaveProperty('verified');
  expect(release.status().albs).toBeUndefined();
  const texts = (await release.ledger()).map(({ text }) => text);
  const said = `What load balancers do is not looked at: the annotation ${verifyAnnotation} says so`;
  expect(texts.filter((text) => text.startsWith('What load balancers'))).toEqual([said]);
});

it('nobody looks where the settings say so of the cluster, until they say otherwise', async () => {
  const release = await openVerified({}, { delayMs: 60_000 });
  await release.pass(120_000);
  release.cluster.cluster.unverified = true;
  await release.image('web:v2', 10_000);
  expect(release.where()).toBe('Paused 1/4');
  expect(release.sent()).toEqual({ canary: 0, stable: 100 });
  delete release.cluster.cluster.unverified;
  await release.after(promote, 10_000);
  expect(release.where()).toBe('Progressing 2/4');
  const told = (await release.ledger()).map(({ text }) => text);
  expect(told).toContain(
    'What load balancers do is not looked at: the settings for its cluster say so',
  );
  expect(told).toContain('What load balancers do is looked at again');
});

it('a pause at a weight that is verified asks AWS nothing', async () => {
  const release = await atFirstPause();
  release.cluster.failAws(throttled);
  await release.pass(600_000);
  expect(release.status().canary?.weights?.verified).toBe(true);
  expect(await release.why()).toEqual([expect.stringMatching(/^It is paused/)]);
});
