import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { access } from '../../lib/access/access.ts';
import { pageSignIn } from '../../lib/access/signIn.ts';
import { systemClock } from '../../lib/clock.ts';
import { settingsKey } from '../../lib/model/documents.ts';
import { makeApi, path } from '../api/support.ts';
import { type Provider, startProvider } from './provider.ts';
import { serve } from './served.ts';
import { inspect, open, type Served } from './stage.ts';

// Signing in at an OpenID provider, in a browser, under the policies of settings that a table holds.

const front = '/c/prod/n/shop/r/front-api';
const policies = `
  permit (principal, action == Action::"read", resource);
  permit (principal == Identity::"people:anna", action, resource);`;

type Stage = Served & { provider: Provider };

async function start(page: object = {}): Promise<Stage> {
  const provider = await startProvider();
  const api = await makeApi();
  const issuer = { name: 'people', issuer: provider.issuer, audience: provider.clientId };
  const settings = {
    issuers: [{ ...issuer, actor: '{sub}' }],
    policies,
    page: { issuer: 'people', clientId: provider.clientId, ...page },
  };
  const { documents } = api.memory;
  const body = { text: JSON.stringify(settings), hooks: '[]', appliedAt: 0, appliedBy: 'test' };
  await documents.put({ ...settingsKey, version: 0, body });
  const outside = { documents, clock: systemClock, log: () => {} };
  const deps = { ...api.deps, ...access(outside) };
  return { ...(await serve({ deps }, pageSignIn(outside))), provider };
}

const signedOut = { token: null };
const named = (page: Page, who: string) => page.getByText(`people:${who}`).waitFor();

describe('who signs in', () => {
  it('comes back to where they wanted to go, and acts under their name', async () => {
    const stage = await start();
    const page = await open(stage, `${front}?revision=2&ask=abort`, signedOut);
    await page.getByRole('dialog', { name: 'Abort front-api' }).waitFor();
    await page.getByText('You are people:anna.').waitFor();
    expect(new URL(page.url()).pathname).toBe(front);
    expect(new URL(page.url()).search).toBe('?revision=2&ask=abort');
    // No token stays anywhere that outlives the page.
    const kept = await page.evaluate(() => [
      ...Object.keys(sessionStorage),
      ...Object.keys(localStorage),
      document.cookie,
    ]);
    expect(kept).toEqual(['']);
    await page.keyboard.press('Escape');
    await inspect(page, 'signed-in-desktop-light');
  });

  it('may call nobody but Serin and their issuer from the page', async () => {
    const stage = await start();
    const { headers } = await fetch(stage.line.server);
    expect(headers.get('content-security-policy')).toContain(
      `connect-src 'self' ${stage.provider.issuer};`,
    );
  });

  it('and may only read sees no buttons, and is refused in words', async () => {
    const stage = await start();
    stage.provider.who = 'ben';
    const page = await open(stage, front, signedOut);
    await page.getByText('You may look at this rollout, and no more.').waitFor();
    await named(page, 'ben');
    expect(await page.getByRole('button', { name: /Promote|Abort|Pause/ }).count()).toBe(0);
    const answer = await fetch(`${stage.line.server}${path}/abort`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stage.provider.idToken}`,
        'content-type': 'application/json',
      },
      body: '{}',
    });
    const { detail } = (await answer.json()) as { detail: string };
    expect([answer.status, detail]).toEqual([
      403,
      expect.stringContaining('no policy permits abort on rollout front-api'),
    ]);
  });

  it('stays signed in: another token is fetched before the first runs out', async () => {
    const stage = await start();
    stage.provider.lifeSeconds = 3;
    const page = await open(stage, front, signedOut);
    await named(page, 'anna');
    const refreshes = () => stage.provider.granted.filter((each) => each === 'refresh_token');
    // Each refresh token is good once, so that the third proves that the second was taken over.
    await expect.poll(() => refreshes().length, { timeout: 15_000 }).toBeGreaterThanOrEqual(3);
    expect(await page.getByText('You are signed out', { exact: false }).count()).toBe(0);
  });

  it('is asked for nothing when a token is refused: another is fetched', async () => {
    const stage = await start();
    const page = await open(stage, front, { ...signedOut, mayLog: /401/ });
    await named(page, 'anna');
    let isFirst = true;
    stage.line.fate((_method, url) => {
      if (!isFirst || !url.startsWith('/v1/')) return undefined;
      isFirst = false;
      return { headers: { authorization: 'Bearer run.out.token' } };
    });
    await page.getByRole('button', { name: 'Abort…' }).click();
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Abort revision 2' }).click();
    await page.getByText('Asked', { exact: false }).first().waitFor();
    expect(stage.provider.granted).toEqual(['authorization_code', 'refresh_token']);
    expect(await page.getByText('You are signed out', { exact: false }).count()).toBe(0);
  });

  it('again in the middle of a dialog finds the dialog, and what was written in it', async () => {
    const stage = await start();
    const page = await open(stage, front, { ...signedOut, mayLog: /40[01]/ });
    await named(page, 'anna');
    await page.getByRole('button', { name: 'Abort…' }).click();
    await page.getByLabel('Why?', { exact: false }).fill('latency of checkout');
    await page.waitForTimeout(500);
    stage.provider.refusesRefresh = true;
    stage.line.fate(() => ({ headers: { authorization: 'Bearer run.out.token' } }));
    await page.getByRole('button', { name: 'Abort revision 2' }).click();
    // The hint is in the dialog: what lies behind it nobody sees, and nobody can press.
    const dialog = page.getByRole('dialog');
    await dialog.getByText('You are signed out', { exact: false }).waitFor();
    await inspect(page, 'signed-out-in-dialog');
    stage.line.fate(() => undefined);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('You are people:anna.').waitFor();
    expect(await page.getByLabel('Why?', { exact: false }).inputValue()).toBe(
      'latency of checkout',
    );
    expect(stage.line.asked.filter((each) => each.startsWith('POST'))).toHaveLength(1);
  });
});

describe('who signs out', () => {
  it('leaves nothing on the screen, and is not let in again unasked', async () => {
    const stage = await start();
    const page = await open(stage, front, signedOut);
    await named(page, 'anna');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    await expect.poll(() => stage.provider.signedOut).toBe(1);
    await page.getByText('You are signed out.').waitFor();
    expect(stage.provider.revoked).toHaveLength(1);
    expect(await page.getByText('front-api').count()).toBe(0);
    await page.reload();
    await page.getByText('You are signed out.').waitFor();
    await inspect(page, 'signed-out-desktop-light');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await named(page, 'anna');
  });

  it('is signed out in every tab', async () => {
    const stage = await start();
    const page = await open(stage, front, signedOut);
    await named(page, 'anna');
    const other = await page.context().newPage();
    await other.goto(`${stage.line.server}/`);
    await named(other, 'anna');
    await other.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out.').waitFor();
    expect(await page.getByText('front-api').count()).toBe(0);
  });
});

describe('an address that people come back with', () => {
  it('and that nobody began is refused in words', async () => {
    const stage = await start();
    const page = await open(stage, '/signed-in?code=stolen&state=forged', signedOut);
    await page.getByText('this sign-in was not begun in this tab', { exact: false }).waitFor();
    expect(page.url()).not.toContain('stolen');
    expect(stage.provider.granted).toEqual([]);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await named(page, 'anna');
  });

  it.each<[string, Partial<Provider>, string | RegExp]>([
    [
      'a code that is not good',
      { sendsBack: { code: 'wrong' } },
      /did not take the code .*invalid_grant/,
    ],
    ['another state', { sendsBack: { state: 'forged' } }, /was not begun in this tab/],
    ['another issuer', { sendsBack: { iss: 'https://evil.example' } }, /is not right: .*iss/],
    ['a refusal', { who: undefined }, /did not let you in: access_denied/],
  ])('with %s is refused in words', async (_what, mood, words) => {
    const stage = await start();
    Object.assign(stage.provider, mood);
    const page = await open(stage, front, { ...signedOut, mayLog: /400/ });
    await page.getByText(words).waitFor();
    expect(page.url()).not.toContain('code=');
    Object.assign(stage.provider, { who: 'anna', sendsBack: {} });
    await page.getByRole('button', { name: 'Sign in' }).click();
    await named(page, 'anna');
  });
});
