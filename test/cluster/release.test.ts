import { describe, expect, it, onTestFinished } from 'vitest';
import { plugin } from './peer.ts';
import { startSerin } from './serin.ts';
import { apply, newNamespace, reaches, webRollout, withControlPlane } from './stage.ts';

const plane = withControlPlane();

const canary = {
  strategy: {
    canary: {
      steps: [{ setWeight: 34 }, { pause: {} }, { setWeight: 67 }, { pause: { duration: 2 } }],
    },
  },
};

describe('serin run', () => {
  it('releases with the real plugin and the real kubectl', async () => {
    const namespace = await newNamespace(plane(), 'release');
    const serin = await startSerin(plane(), { namespaces: [namespace] });
    onTestFinished(serin.stop);
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    await reaches(plane(), namespace, 'Paused', { step: 1 });
    const { out } = await plugin(plane(), namespace, 'get rollout web --no-color');
    expect(out).toMatch(/Status: +॥ Paused/);
    expect(out).toMatch(/Step: +1\/4/);
    const promoted = await plugin(plane(), namespace, 'promote web');
    expect(promoted.out).toBe("rollout 'web' promoted\n");
    await reaches(plane(), namespace, 'Healthy', { step: 4 });
    const listed = await plane().kubectl(['get', 'rollouts', '-n', namespace, '--no-headers']);
    expect(listed).toMatch(/^web +3 +3 +3 +3 +/);
    const status = await plugin(plane(), namespace, 'status web');
    expect(status).toMatchObject({ code: 0, out: 'Healthy\n' });
  });

  it('goes on where it was when it is started again, and when the API server is', async () => {
    const namespace = await newNamespace(plane(), 'restarts');
    const first = await startSerin(plane(), { namespaces: [namespace] });
    await apply(plane(), webRollout(namespace, canary));
    await reaches(plane(), namespace, 'Healthy');
    await plugin(plane(), namespace, 'set image web web=web:v2');
    const before = await reaches(plane(), namespace, 'Paused', { step: 1 });
    await first.stop();
    expect(await first.exited).toBe(0);
    const second = await startSerin(plane(), { namespaces: [namespace] });
    onTestFinished(second.stop);
    const again = await reaches(plane(), namespace, 'Paused', { step: 1 });
    expect(again.status?.pauseConditions).toEqual(before.status?.pauseConditions);
    await plane().stopApiServer();
    await plane().startApiServer();
    await plugin(plane(), namespace, 'promote web');
    await reaches(plane(), namespace, 'Healthy', { step: 4 });
  });
});
