import { get } from 'node:http';
import { join } from 'node:path';
import { binaries, sourceOf } from '../cluster/binaries.ts';
import type { ControlPlane } from '../cluster/controlPlane.ts';
import { freePort, type Running, startProgram, until } from '../cluster/processes.ts';
import { apply } from '../cluster/stage.ts';

// Traefik as the gateway of the cluster: by TraefikServices, by routes of the Gateway API, and by Ingresses
// with the annotations of the NGINX controller.

export type Gateway = {
  /** On loopback. */
  port: number;
  /** Of what Prometheus scrapes: the requests by Service and status. */
  metricsPort: number;
  /** At once, as when its machine is gone. */
  kill: () => Promise<void>;
  /** Again, on the same port. Resolves once it answers. */
  start: () => Promise<void>;
  stop: () => Promise<void>;
};

/** The Gateway whose routes it serves, of all namespaces. */
export const gatewayName = { name: 'web', namespace: 'default' };
export const ingressClass = 'nginx';
/** How long a change may lie before the gateway acts on it. */
const throttle = '250ms';

/** Installs the definitions that the gateway reads, and starts it. */
export async function startGateway(plane: ControlPlane): Promise<Gateway> {
  const { traefik } = await binaries(['traefik']);
  const [port, metricsPort] = [await freePort(), await freePort()];
  await installDefinitions(plane);
  await apply(plane, ...ownObjects(port));
  const log = join(plane.dir, 'traefik.log');
  let running: Running | undefined;
  const start = async (): Promise<void> => {
    running = startProgram(traefik, traefikArgs(plane, port, metricsPort), { log });
    await until('the gateway', () => isUp(port), { log, withinMs: 30_000 });
  };
  await start();
  return {
    ...{ port, metricsPort, start },
    kill: async () => {
      if (!running) return;
      process.kill(running.pid, 'SIGKILL');
      await running.exited;
    },
    stop: async () => await running?.stop(),
  };
}

async function installDefinitions(plane: ControlPlane): Promise<void> {
  const docs = ['docs', 'content', 'reference', 'dynamic-configuration'];
  const traefik = await sourceOf('gateways', 'github.com/traefik/traefik/v3');
  const gatewayApi = await sourceOf('gateways', 'sigs.k8s.io/gateway-api');
  const own = join(traefik, ...docs, 'kubernetes-crd-definition-v1.yml');
  const standard = join(gatewayApi, 'config', 'crd', 'standard');
  await plane.kubectl(['apply', '--server-side', '-f', own, '-f', standard]);
  await plane.kubectl(['wait', '--for=condition=established', 'crd', '--all', '--timeout=30s']);
}

function ownObjects(port: number): object[] {
  const gatewayGroup = 'gateway.networking.k8s.io/v1';
  const listener = {
    ...{ name: 'web', protocol: 'HTTP', port },
    allowedRoutes: { namespaces: { from: 'All' } },
  };
  return [
    {
      ...{ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass' },
      ...{ metadata: { name: ingressClass }, spec: { controller: 'k8s.io/ingress-nginx' } },
    },
    {
      ...{ apiVersion: gatewayGroup, kind: 'GatewayClass', metadata: { name: 'traefik' } },
      spec: { controllerName: 'traefik.io/gateway-controller' },
    },
    {
      ...{ apiVersion: gatewayGroup, kind: 'Gateway', metadata: gatewayName },
      spec: { gatewayClassName: 'traefik', listeners: [listener] },
    },
  ];
}

function traefikArgs({ server, dir }: ControlPlane, port: number, metricsPort: number): string[] {
  const access = (provider: string): string[] => [
    `--providers.${provider}.endpoint=${server}`,
    `--providers.${provider}.token=token-of-admin`,
    `--providers.${provider}.certAuthFilePath=${join(dir, 'certs', 'apiserver.crt')}`,
  ];
  return [
    `--entryPoints.web.address=127.0.0.1:${port}`,
    '--entryPoints.web.asDefault=true',
    `--entryPoints.metrics.address=127.0.0.1:${metricsPort}`,
    '--metrics.prometheus.entryPoint=metrics',
    '--metrics.prometheus.addServicesLabels=true',
    '--global.checkNewVersion=false',
    '--ping=true',
    '--ping.entryPoint=web',
    '--log.level=INFO',
    `--providers.providersThrottleDuration=${throttle}`,
    ...['kubernetesCRD', 'kubernetesGateway', 'kubernetesIngressNGINX'].flatMap(access),
    // A Service without pods does not take a whole route away. Traefik's own chart has it so.
    '--providers.kubernetesCRD.allowEmptyServices=true',
  ];
}

function isUp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/ping' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}
