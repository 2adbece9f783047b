import { isRecord } from '../../lib/model/gotypes.ts';

// A blue-green Rollout leads its active Service to the new pods at once. Behind an ALB that cannot go without
// failed requests: the old targets go before the new ones are healthy.
// docs/adr/0070-blue-green-behind-an-alb.md

export type BlueGreenNote = { path: string; message: string; example: string[] };

const path = 'spec.strategy.blueGreen.activeService';

/** `all`: what the manifests hold, of any kind and as somebody wrote it. */
export function blueGreenNotes(value: unknown, all: readonly unknown[]): BlueGreenNote[] {
  if (!isRecord(value) || value.kind !== 'Rollout') return [];
  const blueGreen = at(value, 'spec', 'strategy', 'blueGreen');
  const service = at(blueGreen, 'activeService');
  if (typeof service !== 'string' || service === '') return [];
  const ingress = all.find((one) => isAlb(one) && isNear(one, value) && leadsTo(one, service));
  if (ingress === undefined) return [];
  const name = String(at(ingress, 'metadata', 'name') ?? '');
  const message =
    `is behind the ALB of the Ingress ${name}: at the switch it takes the old targets out before ` +
    'the new ones are healthy, and requests fail. A canary with ping and pong does the same without ' +
    `that; its paths lead to ${service} with the port name use-annotation:`;
  const port = portOf(ingress, service);
  return [{ path, message, example: pingPong(blueGreen, { service, ingress: name, port }) }];
}

function at(value: unknown, ...names: string[]): unknown {
  return names.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), value);
}

/** In the same namespace, as far as both say which. */
function isNear(one: unknown, other: unknown): boolean {
  const [mine, theirs] = [one, other].map((each) => at(each, 'metadata', 'namespace'));
  return mine === undefined || theirs === undefined || mine === theirs;
}

function isAlb(value: unknown): boolean {
  const className =
    at(value, 'spec', 'ingressClassName') ??
    at(value, 'metadata', 'annotations', 'kubernetes.io/ingress.class');
  return at(value, 'kind') === 'Ingress' && className === 'alb';
}

function backendsIn(ingress: unknown): unknown[] {
  const rules = at(ingress, 'spec', 'rules');
  const paths = (Array.isArray(rules) ? rules : []).flatMap(
    (rule) => at(rule, 'http', 'paths') ?? [],
  );
  const backends = [
    at(ingress, 'spec', 'defaultBackend'),
    ...paths.map((each) => at(each, 'backend')),
  ];
  return backends.map((backend) => at(backend, 'service'));
}

function portOf(ingress: unknown, service: string): number {
  const ports = backendsIn(ingress).flatMap((backend) =>
    at(backend, 'name') === service ? at(backend, 'port', 'number') : [],
  );
  return ports.find((port) => typeof port === 'number') ?? 80;
}

/** By a backend, or by an action that forwards. */
function leadsTo(ingress: unknown, service: string): boolean {
  if (backendsIn(ingress).some((backend) => at(backend, 'name') === service)) return true;
  const annotations = at(ingress, 'metadata', 'annotations');
  return Object.entries(isRecord(annotations) ? annotations : {}).some(
    ([key, text]) =>
      key.startsWith('alb.ingress.kubernetes.io/actions.') &&
      [...String(text).matchAll(/"serviceName"\s*:\s*"([^"]*)"/gi)].some(
        ([, to]) => to === service,
      ),
  );
}

/** All pods of the new version first, then a look at them, then all requests at once. */
function pingPong(
  blueGreen: unknown,
  { service, ingress, port }: { service: string; ingress: string; port: number },
): string[] {
  const seconds = at(blueGreen, 'autoPromotionSeconds');
  const isAuto = at(blueGreen, 'autoPromotionEnabled') !== false;
  const pause =
    typeof seconds === 'number' && seconds > 0
      ? [`      - pause: {duration: ${seconds}}`]
      : isAuto
        ? []
        : ['      - pause: {}'];
  return [
    'strategy:',
    '  canary:',
    `    pingPong: {pingService: ${service}-ping, pongService: ${service}-pong}`,
    '    trafficRouting:',
    `      alb: {ingress: ${ingress}, rootService: ${service}, servicePort: ${port}}`,
    '    steps:',
    '      - setCanaryScale: {weight: 100}',
    ...pause,
    '      - setWeight: 100',
  ];
}
