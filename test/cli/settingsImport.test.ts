import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { importedFrom } from '../../lib/adopt/notifications.ts';
import type { Rollout } from '../../lib/model/argo.generated.ts';
import { parseSettings } from '../../lib/settings/parse.ts';
import { cluster } from './adoptStage.ts';
import { serin } from './support.ts';

// What the notifications of Argo Rollouts come to as settings.

const name = 'argo-rollouts-notification-configmap';
const prefix = 'notifications.argoproj.io/subscribe';

function subscribed(rollout: string, annotations: Record<string, string>): Rollout {
  const named = Object.entries(annotations).map(([key, value]) => [`${prefix}.${key}`, value]);
  const metadata = {
    ...{ namespace: 'shop', name: rollout },
    annotations: Object.fromEntries(named),
  };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata };
}

describe('serin settings import', () => {
  it('makes channels of subscriptions, which the settings take', () => {
    const data = {
      'service.webhook.ci': 'url: https://ci.example/hook\nheaders:\n- name: A\n  value: $b\n',
      'service.email': 'host: smtp.example\nfrom: argo@shop.example\n',
      subscriptions: '- recipients: [teams:ops]\n  triggers: [on-rollout-aborted]\n',
    };
    const rollouts = [
      subscribed('web', {
        'on-rollout-aborted.slack': 'ops; #front',
        'on-rollout-paused.slack': 'ops',
        'on-rollout-completed.webhook.ci': '',
      }),
      subscribed('api', {
        'on-rollout-aborted.slack': 'ops',
        'on-rollout-updated.email': 'a@b.co',
      }),
    ];
    const { channels } = importedFrom(data, rollouts, 'prod');
    const slack = (channel: string) => ({ token: 'ssm:/serin/messages/slack', channel });
    const shop = { clusters: ['prod'], namespaces: ['shop'] };
    expect(channels).toEqual([
      {
        ...{ name: 'teams-ops', clusters: ['prod'], kinds: ['aborted'] },
        teams: { webhook: 'ssm:/serin/messages/teams-ops' },
      },
      {
        ...{ name: 'slack-ops-shop', ...shop, rollouts: ['web', 'api'] },
        ...{ kinds: ['aborted', 'paused'], slack: slack('#ops') },
      },
      {
        ...{ name: 'slack-front-shop', ...shop, rollouts: ['web'] },
        ...{ kinds: ['aborted'], slack: slack('#front') },
      },
      {
        ...{ name: 'webhook-ci-shop', ...shop, rollouts: ['web'], kinds: ['completed'] },
        webhook: { url: 'https://ci.example/hook', secret: 'ssm:/serin/messages/webhook-ci' },
      },
      {
        ...{ name: 'email-a-b-co-shop', ...shop, rollouts: ['api'], kinds: ['begun'] },
        email: { from: 'argo@shop.example', to: ['a@b.co'] },
      },
    ]);
    expect(parseSettings(JSON.stringify({ messages: channels })).faults).toEqual([]);
  });

  it('names what it leaves out, with its line', () => {
    const data = {
      'service.webhook.ci': 'url: https://ci.example\nheaders:\n- name: A\n',
      'template.purple': 'message: |\n  It is {{.rollout.metadata.name}}\n',
      'trigger.on-purple': '- send: [purple]\n  when: rollout.spec.color == "purple"\n',
      'trigger.on-rollout-paused': '- send: [paused]\n  when: rollout.status.phase == "Paused"\n',
      subscriptions: '- recipients: [slack:a]\n  triggers: [on-rollout-aborted]\n  selector: a=b\n',
    };
    const rollout = subscribed('web', {
      'on-purple.slack': 'ops',
      'on-rollout-step-completed.slack': 'ops',
      'on-rollout-aborted.grafana': 'board',
    });
    const { channels, left } = importedFrom(data, [rollout], undefined);
    expect(channels).toEqual([]);
    expect(left.map(({ where, why }) => `${where}: ${why}`)).toEqual([
      `${name}: subscriptions[0]: selects rollouts by the labels a=b; Serin does by names`,
      `Rollout shop/web: ${prefix}.on-purple.slack: on-purple is no trigger that comes with Argo ` +
        'Rollouts: its condition is not evaluated',
      `Rollout shop/web: ${prefix}.on-rollout-step-completed.slack: on-rollout-step-completed is in the ` +
        'ledger alone: see `serin history`',
      `Rollout shop/web: ${prefix}.on-rollout-aborted.grafana: Serin has no channel for grafana: send it ` +
        'from EventBridge (docs/messages.md)',
      `${name}: service.webhook.ci, line 2: headers are not sent: requests are signed`,
      `${name}: template.purple, line 2: Go templates are not run: messages have the text that ` +
        'docs/messages.md shows',
      `${name}: trigger.on-purple, line 2: the condition of on-purple is not evaluated`,
    ]);
  });

  it('reads a cluster and prints settings', async () => {
    const metadata = { namespace: 'argo-rollouts', name };
    const data = {
      subscriptions: '- recipients: [slack:C0123456789]\n  triggers: [on-rollout-aborted]\n',
      'template.a': 'message: x\n',
    };
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    const { kubeconfig } = await cluster({ configMaps: [configMap] });
    const line = ['settings', 'import', '--kubeconfig', kubeconfig, '--cluster', 'prod'];
    const { code, out, err } = await serin(line);
    expect([code, parse(out)]).toEqual([
      0,
      {
        messages: [
          {
            ...{ name: 'slack-c0123456789', clusters: ['prod'], kinds: ['aborted'] },
            slack: { token: 'ssm:/serin/messages/slack', channel: 'C0123456789' },
          },
        ],
      },
    ]);
    expect(err).toMatch(/left out: .*: template\.a, line 1: Go templates are not run/);
    const gone = await serin(['settings', 'import', '--kubeconfig', '/nonexistent']);
    expect(gone.code).toBe(3);
  });
});
