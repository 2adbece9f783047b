import type { ObjectMeta, Rollout } from '../model/argo.generated.ts';

// What stops working with Argo's controller, or means something else without it, beside the driving of
// rollouts. None of it is a fault: it is for people to know before and not after.

/** argo v1.10.1 utils/record/record.go */
export const notificationConfigMap = 'argo-rollouts-notification-configmap';
/** argo v1.10.1 manifests/base/argo-rollouts-metrics-service.yaml */
export const metricsService = 'argo-rollouts-metrics';

/** argo v1.10.1 docs/features/notifications.md */
const subscriptions = /^notifications\.argoproj\.io\/subscribe\b/;

/** Serin has channels in its settings: docs/messages.md. */
const instead = '`serin settings import` makes messages of it';

/** Where in an object that is written, and what it means. */
export type Ending = { path: string; message: string };

type Named = { kind?: unknown; metadata?: ObjectMeta };

/** Of an object of any kind, as a manifest or an API server has it. */
export function endingsOf(value: unknown): Ending[] {
  if (typeof value !== 'object' || value === null) return [];
  const { kind, metadata } = value as Named;
  if (kind === 'Rollout') return rolloutEndings(value);
  const name = metadata?.name;
  if (kind === 'ConfigMap' && name === notificationConfigMap) {
    const message = `${name} is read by Argo's controller alone: ${instead}`;
    return [{ path: 'metadata.name', message }];
  }
  if (kind === 'Service' && name === metricsService) {
    const message =
      `${name} leads to the Prometheus metrics of Argo's controller (rollout_info and others), ` +
      'which end with it: alerts and dashboards on them fall silent, unless ' +
      '`serin run --metrics-port 8090` is scraped in its place, or GET /v1/metrics of the API';
    return [{ path: 'metadata.name', message }];
  }
  return [];
}

function rolloutEndings({ metadata, spec }: Rollout): Ending[] {
  const subscribed = Object.keys(metadata?.annotations ?? {}).filter((each) =>
    subscriptions.test(each),
  );
  const isKept = spec?.strategy?.blueGreen?.scaleDownDelaySeconds === 0;
  return [
    ...subscribed.map((annotation) => ({
      path: 'metadata.annotations',
      message: `subscribe by ${annotation}, which Serin does not read: ${instead}`,
    })),
    ...(isKept
      ? [
          {
            path: 'spec.strategy.blueGreen.scaleDownDelaySeconds',
            message:
              'is 0: Argo keeps replaced versions for ever, and Serin takes them away at once',
          },
        ]
      : []),
  ];
}
