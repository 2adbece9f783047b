import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SimulatedRelease } from '../../cli/simulate/simulation.ts';
import { binary, serin, temporaryFolder } from './support.ts';

const example = 'examples/front-api.yaml';
const release = ['simulate', example, '--image', 'front-api=front-api:new-tag'];

async function simulate(...more: string[]): Promise<SimulatedRelease & { code: number }> {
  const { code, out, err } = await serin([...release, '--json', ...more]);
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as SimulatedRelease) };
}

function changed(from: string | RegExp, to: string): string {
  const text = readFileSync(example, 'utf8');
  expect(text).toMatch(from);
  const file = join(temporaryFolder(), 'rollout.yaml');
  writeFileSync(file, text.replace(from, to));
  return file;
}

describe('simulate', () => {
  it('stops at the pause that waits for a person', async () => {
    const { code, phase, steps, waitsFor } = await simulate();
    expect(phase).toBe('Paused');
    expect(steps.at(-1)).toMatchObject({ phase: 'Paused', stepIndex: 1, stepCount: 6 });
    expect(steps[0]).toMatchObject({
      atSeconds: 0,
      phase: 'Progressing',
      stepIndex: 0,
      happened: ['Revision 2 of front-api:new-tag is to be released'],
    });
    expect(waitsFor).toMatchObject([{ unblock: expect.stringContaining('promote') }]);
    expect(code).toBe(0);
  });

  it("keeps an experiment's pods apart from those of the release", async () => {
    const templates = '[{name: trial, specRef: canary, replicas: 3}]';
    const step = `- experiment: {templates: ${templates}, duration: 1m}`;
    const file = changed(/- setWeight: 1\n/, `${step}\n      - setWeight: 1\n`);
    const image = ['--image', 'front-api=front-api:new-tag'];
    const { out } = await serin(['simulate', file, ...image, '--json']);
    const { steps } = JSON.parse(out) as SimulatedRelease;
    const during = steps.find(({ experimentPods }) => experimentPods.available === 3);
    expect(during).toMatchObject({
      newPods: { desired: 0, available: 0 },
      oldPods: { desired: 2, available: 2 },
      experimentPods: { desired: 3, available: 3 },
    });
    const told = steps.flatMap(({ happened }) => happened);
    expect(told).toContain("Experiment's pods: 3 wanted instead of 0");
    expect(told).toContain("Experiment's pods: 3 of 3 available");
    expect(told).not.toContain('New pods: 3 wanted instead of 0');
    const text = await serin(['simulate', file, ...image]);
    expect(text.out).toMatch(/ NEW PODS +OLD PODS +EXPERIMENT +STATUS /);
    expect(text.out).toMatch(/ 0\/0 +2\/2 +3\/3 +/);
    expect((await serin(release)).out).not.toContain('EXPERIMENT');
  });

  it('goes on after a promote, and keeps the timed pauses', async () => {
    const { code, phase, steps } = await simulate('--at', '5m=promote');
    expect(phase).toBe('Healthy');
    expect(code).toBe(0);
    const reached = (stepIndex: number) =>
      steps.find((step) => step.stepIndex === stepIndex)?.atSeconds ?? Number.NaN;
    expect(reached(3)).toBe(300);
    expect(reached(4) - reached(3)).toBeGreaterThanOrEqual(60);
    expect(reached(4) - reached(3)).toBeLessThan(62);
    expect(reached(6) - reached(5)).toBeGreaterThanOrEqual(10);
    expect(steps.at(-1)).toMatchObject({
      phase: 'Healthy',
      newPods: { desired: 2, available: 2 },
      oldPods: { desired: 0, available: 0 },
    });
    // Never fewer than replicas − maxUnavailable.
    for (const { newPods, oldPods } of steps) {
      expect(newPods.available + oldPods.available).toBeGreaterThanOrEqual(1);
    }
  });

  it.each([
    ['an ALB', 'alb: {ingress: web, rootService: web, servicePort: 80}'],
    ['an NLB', 'plugins: {serin/nlb: {service: web, protocol: TCP, port: 80}}'],
  ])('waits for the load balancer, which takes as long as is said: %s', async (_, router) => {
    const services = 'canaryService: web-canary\n      stableService: web-stable';
    const routing = `trafficRouting:\n        ${router}`;
    const routed = changed(/maxSurge: 1/, `${services}\n      ${routing}\n      maxSurge: 1`);
    const pausedAfter = async (delay: string): Promise<number> => {
      const image = ['--image', 'front-api=front-api:new-tag', '--json', '--lb-delay', delay];
      const { out, err } = await serin(['simulate', routed, ...image]);
      expect(err).toBe('');
      const { phase, endsAtSeconds } = JSON.parse(out) as SimulatedRelease;
      expect(phase).toBe('Paused');
      return endsAtSeconds;
    };
    const [quick, slow] = [await pausedAfter('1s'), await pausedAfter('40s')];
    expect(quick).toBeLessThan(30);
    // The new pods are registered, and then the weight is given.
    expect(slow).toBeGreaterThan(80);
  });

  it('shows beside the weight that is set what a router sends', async () => {
    const services = 'canaryService: web-canary\n      stableService: web-stable';
    const alb = 'alb: {ingress: web, rootService: web, servicePort: 80}';
    const routing = `trafficRouting:\n        ${alb}`;
    const routed = changed(/maxSurge: 1/, `${services}\n      ${routing}\n      maxSurge: 1`);
    const image = ['--image', 'front-api=front-api:new-tag', '--lb-delay', '20s'];
    const { out } = await serin(['simulate', routed, ...image, '--at', '2m=promote']);
    expect(out).toMatch(/^TIME +STEP +WEIGHT +SENT +NEW PODS +OLD PODS +STATUS +WHAT HAPPENS$/m);
    expect(out).toMatch(/^2\.\ds +0\/6 +1 +0 +1\/1 +2\/2 /m);
    expect(out).toMatch(/^\S+ +1\/6 +1 +1 +1\/1 +2\/2 +॥ Paused /m);
    expect(out).toMatch(/Requests to the new pods: 1 instead of 0$/m);
  });

  it('is the same every time', async () => {
    expect(await simulate('--at', '5m=promote')).toEqual(await simulate('--at', '5m=promote'));
  });

  it('shows what an abort and a retry do', async () => {
    const { phase, steps } = await simulate('--at', '1m=promote', '--at', '80s=abort');
    expect(phase).toBe('Degraded');
    expect(steps.at(-1)?.newPods.desired).toBe(0);
    const again = await simulate('--at', '1m=promote', '--at', '80s=abort', '--at', '2m=retry');
    expect(again.phase).toBe('Paused');
    expect(again.steps.at(-1)?.atSeconds).toBeGreaterThan(120);
  });

  it('lets the pods of the new version fail', async () => {
    const { code, phase, message, steps } = await simulate('--fail-pods');
    expect(phase).toBe('Degraded');
    expect(message).toMatch(/timed out progressing/);
    expect(steps.at(-1)).toMatchObject({ oldPods: { desired: 2, available: 2 } });
    expect(steps.at(-1)?.atSeconds).toBeGreaterThanOrEqual(600);
    expect(code).toBe(1);
  });

  it('tells of a command that is refused', async () => {
    const { code, phase, refused } = await simulate('--at', '1s=promote');
    expect(refused).toEqual([expect.stringMatching(/^promote: .*nothing is paused/)]);
    expect(phase).toBe('Paused');
    expect(code).toBe(1);
  });

  it('prints a table for people', async () => {
    const { out } = await serin([...release, '--at', '5m=promote']);
    expect(out).toMatch(/^TIME +STEP +WEIGHT +NEW PODS +OLD PODS +STATUS +WHAT HAPPENS$/m);
    expect(out).toMatch(/^2\.\ds +1\/6 +1 +1\/1 +2\/2 +॥ Paused +Step 1 of 6 reached/m);
    expect(out).toMatch(/^It ends ✔ Healthy after 6m\d+s\.$/m);
  });

  it('lets an hour of pauses pass in under a second', async () => {
    const file = changed('duration: 1m', 'duration: 1h');
    // Of this process alone: how busy the machine is says nothing.
    const started = process.cpuUsage();
    const { out } = await serin([
      'simulate',
      file,
      '--image',
      'front-api=front-api:2',
      '--at',
      '1m=promote',
    ]);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(1);
    expect(out).toMatch(/^It ends ✔ Healthy after 1h1m\.$/m);
  });

  it.each([
    ['crashing pods', 'front-api=front-api:crash', ['--at', '1m=promote'], /Progressing|Degraded/],
    ['an image that is not there', 'front-api=front-api:nonexistent', [], /Degraded/],
    ['an early promote in full', 'front-api=front-api:2', ['--at', '1m=promote-full'], /Healthy/],
    ['an undo', 'front-api=front-api:2', ['--at', '1m=undo'], /Healthy/],
  ])('comes to an end with %s', async (_name, image, more, phase) => {
    const { out } = await serin(['simulate', example, '--image', image, '--json', ...more]);
    expect((JSON.parse(out) as SimulatedRelease).phase).toMatch(phase);
  });

  it.each([
    ['--image', 'front-api', 2, /does not name a container and an image/],
    ['--image', 'x=y', 1, /no container x/],
    ['--image', 'front-api=front-api:old-tag', 1, /nothing to release/],
    ['--at', '5m=celebrate', 2, /no command celebrate; there are .*promote/],
    ['--at', '1d=promote', 2, /5m=promote/],
  ])('%s %s is refused', async (option, value, exit, message) => {
    const { code, err } = await serin([...release, option, value]);
    expect(err).toMatch(message);
    expect(code).toBe(exit);
  });

  it('refuses a manifest that does not get going', async () => {
    const file = changed('setWeight: 50', 'setWeight: 101');
    const { code, err } = await serin(['simulate', file, '--image', 'front-api=front-api:2']);
    expect(err).toMatch(/does not become Healthy: .*setWeight .*101/);
    expect(code).toBe(1);
  });

  it.each([
    [
      'asks for what is not carried out yet',
      ['    canary:\n', '    canary:\n      trafficRouting: {plugins: {acme/mesh: {}}}\n'],
      'This version of Serin does not carry out ' +
        'spec.strategy.canary.trafficRouting.plugins["acme/mesh"] yet and leaves the rollout as it is.',
      /remove spec.strategy.canary.trafficRouting.plugins/,
    ],
    [
      'belongs to another instance',
      ['  labels:\n', '  labels:\n    argo-rollouts.argoproj.io/controller-instance-id: b\n'],
      'It belongs to instance b.',
      /controller-instance-id/,
    ],
  ] as const)(
    'says as `status` does that a rollout is left alone which %s',
    async (_name, [from, to], text, todo) => {
      const file = changed(from, to);
      const { code, out, err } = await serin([
        'simulate',
        file,
        '--image',
        'front-api=front-api:2',
      ]);
      const [said, hint] = err.split('\n');
      expect(said).toBe(`serin: Left alone: ${text}`);
      expect(hint).toMatch(todo);
      expect(out).toBe('');
      expect(code).toBe(4);
    },
  );

  it('does so as a program', async () => {
    const { code, out } = await binary([...release, '--json', '--at', '5m=promote']);
    expect(JSON.parse(out)).toMatchObject({ name: 'front-api', phase: 'Healthy' });
    expect(code).toBe(0);
  });
});
