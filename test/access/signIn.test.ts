import { expect, it } from 'vitest';
import { pageSignIn } from '../../lib/access/signIn.ts';
import { makeAccess, startIssuer } from './support.ts';

const hourMs = 3_600_000;

/** What the page is told where the settings name this issuer. */
async function stage(said: object = {}) {
  const issuer = await startIssuer();
  const page = { issuer: 'people', clientId: 'serin' };
  const people = { name: 'people', issuer: issuer.url, audience: 'serin' };
  const made = await makeAccess(JSON.stringify({ issuers: [people], page }));
  issuer.mood.discovery = {
    issuer: issuer.url,
    authorization_endpoint: 'https://login.acme.example/authorize',
    token_endpoint: 'https://tokens.acme.example/token',
    revocation_endpoint: 'https://tokens.acme.example/revoke',
    ...said,
  };
  const clock = { now: () => Date.now(), sleepUntil: async () => {} };
  const outside = { documents: made.documents, clock, log: () => {} };
  return { ...made, issuer, told: pageSignIn(outside) };
}

it('the page is told where people sign in, and may call what it has to', async () => {
  const { told, issuer } = await stage();
  expect(await told()).toEqual({
    signIn: {
      issuer: issuer.url,
      clientId: 'serin',
      scope: 'openid profile email',
      token: 'id',
      server: {
        issuer: issuer.url,
        authorization_endpoint: 'https://login.acme.example/authorize',
        token_endpoint: 'https://tokens.acme.example/token',
        revocation_endpoint: 'https://tokens.acme.example/revoke',
      },
    },
    // Where people are sent the page does not call.
    connect: ['https://tokens.acme.example'],
  });
  await told();
  expect(issuer.asked.discovery).toBe(1);
});

it('an issuer that does not answer leaves what it said before, for a day', async () => {
  const { told, issuer, pass } = await stage();
  const before = await told();
  issuer.mood.status = 500;
  pass(hourMs);
  expect(await told()).toEqual(before);
  pass(24 * hourMs);
  const { signIn, connect } = await told();
  expect([signIn?.clientId, signIn?.server, connect]).toEqual(['serin', undefined, []]);
});

it.each([
  ['of another issuer', { issuer: 'https://evil.example' }],
  ['that could be read on the way', { token_endpoint: 'http://tokens.acme.example/token' }],
  ['that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ['that is missing', { token_endpoint: undefined }],
])('an address %s is not passed on', async (_what, said) => {
  const { told } = await stage(said);
  const { signIn, connect } = await told();
  expect([signIn?.server, connect]).toEqual([undefined, []]);
});

it('without `page`, and with settings that nobody understands, there is no way to sign in', async () => {
  const { told, apply, pass } = await stage();
  await apply('page: {');
  pass(hourMs);
  expect(await told()).toEqual({});
  await apply('issuers: []');
  pass(hourMs);
  expect(await told()).toEqual({});
});
