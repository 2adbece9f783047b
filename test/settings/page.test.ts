import { expect, it } from 'vitest';
import { parseSettings } from '../../lib/settings/parse.ts';

const people = { name: 'people', issuer: 'https://id.acme.example', audience: ['serin-page'] };
const cognito = {
  name: 'pool',
  issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI',
  audience: 'another-client',
};
const github = {
  ...{ name: 'github', issuer: 'https://token.actions.githubusercontent.com', audience: 'serin' },
  claims: { repository_id: 74, ref: 'refs/heads/main' },
};

function read(page: object) {
  return parseSettings(JSON.stringify({ issuers: [people, cognito, github], page }));
}

it('the page takes an issuer of the settings, and says the rest by itself', () => {
  const { settings, faults } = read({ issuer: 'people', clientId: 'serin-page' });
  expect([settings?.page, faults]).toEqual([
    {
      issuer: 'people',
      clientId: 'serin-page',
      scope: 'openid profile email',
      token: 'id',
    },
    [],
  ]);
  const auth0 = { token: 'access', parameters: { audience: 'https://serin.acme.example' } };
  expect(read({ issuer: 'people', clientId: 'any', ...auth0 }).faults).toEqual([]);
});

it.each([
  [{ clientId: 'a' }, 'page.issuer is missing'],
  [
    { issuer: 'peeple', clientId: 'a' },
    'page.issuer must be the name of one of issuers: there are people, pool, github',
  ],
  [
    { issuer: 'github', clientId: 'serin' },
    'page.issuer is github, where jobs get tokens but nobody signs in',
  ],
  [
    { issuer: 'people', clientId: 'other' },
    'page.clientId must be in the audience of the issuer people: what the page shows the API is made for ' +
      'other. Add it there, or choose token: access',
  ],
  [
    { issuer: 'pool', clientId: 'other', token: 'access' },
    'page.clientId must be in the audience of the issuer pool: what the page shows the API is made for ' +
      'other. Add it there',
  ],
  [
    { issuer: 'people', clientId: 'serin-page', scope: 'profile' },
    'page.scope must hold openid, or the issuer does not say who signed in',
  ],
  [
    { issuer: 'people', clientId: 'serin-page', token: 'refresh' },
    'page.token must be id or access',
  ],
  [
    { issuer: 'people', clientId: 'serin-page', parameters: { scope: 'a', prompt: 'login' } },
    'page.parameters.scope is what the page says itself: leave it out, and use page.scope',
  ],
  [
    { issuer: 'people', clientId: 'serin-page', clientSecret: 'x' },
    'page.clientSecret is not known here; known are issuer, clientId, scope, token, parameters',
  ],
])('says of %j what to do', (page, fault) => {
  expect(read(page).faults.map(({ path, message }) => `${path} ${message}`)).toEqual([fault]);
});
