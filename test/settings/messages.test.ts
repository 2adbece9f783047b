import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseSettings } from '../../lib/settings/parse.ts';

function faultsOf(text: string): string[] {
  return parseSettings(text).faults.map(({ line, path, message }) => `${line} ${path} ${message}`);
}

const all = `
messages:
  - name: ops
    clusters: [prod, eu-*]
    namespaces: [shop]
    rollouts: ['front-*']
    kinds: [paused, aborted]
    slack: { webhook: 'ssm:/serin/messages/slack' }
  - name: app
    slack: { token: 'secretsmanager:serin/messages/slack#token', channel: C0123456789 }
  - name: clicks
    slack:
      token: 'ssm:/serin/messages/slack-token'
      channel: C0123456789
      signingSecret: 'ssm:/serin/messages/slack-signing'
      team: T0123456789
      groups: [oncall]
  - name: own
    webhook: { url: 'https://ops.example/serin', secret: 'ssm:/serin/messages/own' }
  - name: local
    webhook: { url: 'http://127.0.0.1:8080/', secret: 'env:HOOK_SECRET' }
  - name: bus
    eventBridge: { bus: 'arn:aws:events:eu-west-1:111122223333:event-bus/releases' }
  - name: topic
    sns: { topic: 'arn:aws:sns:eu-west-1:111122223333:releases.fifo' }
  - name: teams
    teams: { webhook: 'ssm:/serin/messages/teams' }
  - name: github
    github: { repository: acme/front-api, token: 'ssm:/serin/messages/github', environment: production }
  - name: mail
    email: { from: 'Serin <serin@ops.example>', to: [team@shop.example], region: eu-west-1 }
`;

it('takes every way', () => {
  const { settings, faults } = parseSettings(all);
  expect(faults).toEqual([]);
  expect(settings?.messages).toEqual(parse(all).messages);
});

const app = "messages:\n  - name: a\n    slack: { token: 'env:T'";
const slack = 'slack: { webhook: ssm:/serin/messages/slack }';
it.each<[string, string]>([
  [
    'messages: [{ name: a }]',
    '1 messages[0] says no way: add one of webhook, eventBridge, sns, slack, teams, github, email',
  ],
  [
    `messages: [{ name: a, ${slack}, teams: { webhook: 'ssm:/serin/messages/t' } }]`,
    '1 messages[0] says 2 ways, slack and teams: make each a channel of its own',
  ],
  [
    `messages:\n  - name: a\n    ${slack}\n    kind: [paused]`,
    '4 messages[0].kind is not known here; did you mean kinds?',
  ],
  [
    `messages:\n  - { name: a, ${slack} }\n  - { name: a, ${slack} }`,
    '3 messages[1].name is a, which another channel is called already: give each its own',
  ],
  [
    `messages:\n  - name: a\n    kinds: [pauzed]\n    ${slack}`,
    '3 messages[0].kinds[0] must be one of begun, paused, promoted, aborted, degraded, completed, held, ' +
      'conflictingController, clusterUnreachable',
  ],
  [
    `messages:\n  - name: a\n    kinds: []\n    ${slack}`,
    '3 messages[0].kinds is empty, so that it fits nothing: name some, or leave it out for all',
  ],
  [
    'messages:\n  - name: a\n    teams:\n      webhook: https://x.logic.azure.example/workflows/1?sig=s',
    '4 messages[0].teams.webhook must say where the value is, and not hold the value itself: ' +
      'ssm:/serin/messages/NAME, secretsmanager:serin/messages/NAME#KEY, or env:NAME of `serin run`',
  ],
  [
    "messages:\n  - name: a\n    webhook: { url: 'http://ops.example', secret: 'env:X' }",
    '3 messages[0].webhook.url must begin with https://, or others could read it on the way',
  ],
  [
    `${app}, signingSecret: 'env:S', team: T0123456789, channel: '#releases' }`,
    '3 messages[0].slack.channel must be the id of the channel where signingSecret is, such as ' +
      'C0123456789: clicks come from an id, and names change',
  ],
  [
    `${app}, signingSecret: 'env:S', channel: C0123456789 }`,
    '3 messages[0].slack.team is missing: with signingSecret it is the id of the workspace that ' +
      'clicks come from, such as T0123456789',
  ],
  [
    `${app}, signingSecret: 8f742231b10e8888abcd99yyyzzz85a5, team: T0123456789, channel: C0123456789 }`,
    '3 messages[0].slack.signingSecret must say where the value is, and not hold the value itself: ' +
      'ssm:/serin/messages/NAME, secretsmanager:serin/messages/NAME#KEY, or env:NAME of `serin run`',
  ],
  [
    `${app}, groups: [oncall], channel: C0123456789 }`,
    '3 messages[0].slack.groups is for clicks, which come signed: add signingSecret, or leave it out',
  ],
  [
    'messages:\n  - name: a\n    sns: { topic: releases }',
    '3 messages[0].sns.topic must be an ARN, such as arn:aws:sns:eu-west-1:111122223333:releases',
  ],
])('says of %j what to do', (text, fault) => {
  expect(faultsOf(text)).toEqual([fault]);
});

it('takes the address of the page, for links', () => {
  const withPage = (page: string) =>
    `messages:\n  - name: a\n    page: '${page}'\n    slack: { webhook: 'ssm:/s' }\n`;
  expect(parseSettings(withPage('https://serin.example/serin')).faults).toEqual([]);
  expect(parseSettings(withPage('http://127.0.0.1:7465')).faults).toEqual([]);
  const wrong =
    "3 messages[0].page must be the address of Serin's page, such as https://serin.example";
  for (const page of ['serin.example', 'http://serin.example', 'javascript:alert(1)'])
    expect(faultsOf(withPage(page))).toEqual([wrong]);
  const more = '3 messages[0].page must be an address alone, without a query, a # or a password';
  for (const page of ['https://a.example/?x=1', 'https://a.example/#x', 'https://u:p@a.example'])
    expect(faultsOf(withPage(page))).toEqual([more]);
});

it('leaves the address of clicks in Slack to them', () => {
  const when = '{ project: a/b, workflow: ci, branch: main, status: failed }';
  const abort = '{ action: abort, cluster: prod, namespace: shop, rollout: web }';
  const rules = `rules: [{ when: ${when}, do: ${abort} }]`;
  const hooks = `hooks:\n  - { id: slack, kind: hmac, secrets: [{ ssm: /serin/hooks/a }], ${rules} }\n`;
  const clicks = `${app}, channel: C0123456789, signingSecret: 'env:S', team: T0123456789 }`;
  expect(faultsOf(`${hooks}${app}, channel: C0123456789 }`)).toEqual([]);
  expect(faultsOf(`${hooks}${clicks}`)).toEqual([
    '2 hooks[0].id is slack, where clicks in Slack arrive, since a channel has a signingSecret: ' +
      'give it another',
  ]);
});
