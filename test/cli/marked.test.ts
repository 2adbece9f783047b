import { describe, expect, it } from 'vitest';
import type { Reason } from '../../lib/model/plan.ts';
import { serin, stubServer, view } from './support.ts';

// What the status of a rollout does not say, and whoever looks at it has to know.

const text =
  'This version of Serin does not carry out spec.strategy.canary.steps[0].plugin yet and leaves it as it is.';
const alone: Reason = { text, unblock: 'run it with Argo Rollouts', mark: 'leftAlone' };
const rule = '{apiGroups: ["apps"], resources: ["replicasets"], verbs: ["patch"]}';
const refused: Reason = {
  text: 'The API server refuses a write: patch replicasets.apps shop/web-1: 403 forbidden',
  unblock: `add to the ClusterRole of Serin the rule ${rule}`,
  mark: 'refused',
};
const served = (...reasons: Reason[]) =>
  stubServer(({ url }) =>
    url.includes('/rollouts/')
      ? { status: 200, body: view({ phase: 'Healthy', reasons }) }
      : { status: 200, body: { items: [view({ reasons }), view({ name: 'driven' })] } },
  );

describe('a rollout that Serin leaves alone', () => {
  it('is said to be, with an exit code of its own, at once', async () => {
    const { env } = await served(alone);
    const status = await serin(['status', 'web'], env);
    expect(status.code).toBe(4);
    expect(status.out).toBe(`✔ Healthy. Left alone: ${text}\n`);
    const json = await serin(['status', 'web', '-o', 'json'], env);
    expect(json.code).toBe(4);
    expect(JSON.parse(json.out)).toMatchObject({ phase: 'Healthy', leftAlone: text });
  });

  it.each([
    ['status', 'web', '--wait'],
    ['wait', 'web', '--for', 'paused'],
    ['wait', 'web', '--for', 'healthy'],
  ])('is not waited for: serin %s %s %s', async (...argv) => {
    const { env } = await served(alone);
    const { code, out, err } = await serin(argv, env);
    expect(code).toBe(4);
    expect(out + err).toContain(`Left alone: ${text}`);
  });

  it('is shown as such by get and list', async () => {
    const { env } = await served(alone);
    const { out } = await serin(['get', 'web'], env);
    expect(out).toMatch(/^Status: {10}✔ Healthy\nLeft alone: {6}This version of Serin does not/m);
    expect(out).toMatch(/^To do: {11}run it with Argo Rollouts$/m);
    const list = await serin(['list'], env);
    expect(list.out).toMatch(/^web +Canary +✔ Healthy, left alone +-/m);
    expect(list.out).toMatch(/^driven +Canary +✔ Healthy +-/m);
  });

  it('has its exit code in the help of the program, of status and of wait', async () => {
    expect((await serin(['--help'])).out).toMatch(/^ {2}4 +.*does not drive/m);
    for (const command of ['status', 'wait']) {
      expect((await serin([command, '--help'])).out.replace(/\s+/g, ' ')).toMatch(
        /4 .*does not drive/i,
      );
    }
  });
});

describe('a rollout for which the API server refuses something to Serin', () => {
  it('is said to be by status, get and list, with the rule to add', async () => {
    const { env } = await served(refused);
    const status = await serin(['status', 'web'], env);
    expect(status.code).toBe(0);
    expect(status.out).toBe(`✔ Healthy. Refused: ${refused.text} To do: ${refused.unblock}\n`);
    const { out } = await serin(['get', 'web'], env);
    expect(out).toContain(`Refused:         ${refused.text}\n`);
    expect(out).toContain(`To do:           ${refused.unblock}\n`);
    expect((await serin(['list'], env)).out).toMatch(/^web +Canary +✔ Healthy, refused +-/m);
    const json = await serin(['status', 'web', '-o', 'json'], env);
    expect(JSON.parse(json.out)).toMatchObject({ refused: refused.text, unblock: refused.unblock });
  });

  it('names the rule in explain as the remedy', async () => {
    const { name, namespace, cluster, observedAt, phase, message, revision, wake } = view();
    const explanation = { name, namespace, cluster, observedAt, phase, message, revision, wake };
    const body = { ...explanation, waitsFor: refused.text, reasons: [refused] };
    const { env } = await stubServer(() => ({ status: 200, body }));
    expect((await serin(['explain', 'web'], env)).out).toContain(
      `to move it on: ${refused.unblock}`,
    );
  });
});
