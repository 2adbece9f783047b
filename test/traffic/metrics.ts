import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaries } from '../cluster/binaries.ts';
import type { ControlPlane } from '../cluster/controlPlane.ts';
import { startProgram, until } from '../cluster/processes.ts';
import { apply, newNamespace } from '../cluster/stage.ts';
import type { Gateway } from './gateway.ts';

// A Prometheus that scrapes the gateway. It answers at the address of a pod of the cluster, which is this
// machine's own, so that it is reached as a Prometheus inside a cluster is: by its Service.

export type Metrics = {
  /** By its Service, which only the cluster knows. */
  address: string;
  /** By its pod's address. */
  podAddress: string;
  /** The values of an expression over time, one each quarter of a second. Times in milliseconds. */
  range: (expression: string, from: number, to: number) => Promise<[at: number, value: number][]>;
  stop: () => Promise<void>;
};

const namespace = 'monitoring';
const name = 'prometheus';
const port = 9090;
const stepSeconds = 0.25;

/** Resolves once it has scraped the gateway. `serinPort`: where `serin run` will tell of itself. */
export async function startPrometheus(
  plane: ControlPlane,
  gateway: Gateway,
  serinPort: number,
): Promise<Metrics> {
  const { prometheus } = await binaries(['prometheus']);
  const podAddress = `http://${await podIp(plane)}:${port}`;
  const log = join(plane.dir, 'prometheus.log');
  const config = join(plane.dir, 'prometheus.yml');
  writeFileSync(config, configOf({ gateway: gateway.metricsPort, serin: serinPort }));
  const args = [
    `--config.file=${config}`,
    `--web.listen-address=${new URL(podAddress).host}`,
    `--storage.tsdb.path=${join(plane.dir, 'prometheus')}`,
  ];
  const running = startProgram(prometheus, args, { log });
  const scraped = () => range(podAddress, 'up{job="gateway"}', Date.now() - 5000, Date.now());
  const hasScraped = () =>
    scraped().then(
      (values) => values.length > 0,
      () => false,
    );
  await until('Prometheus', hasScraped, { log, withinMs: 30_000 });
  return {
    address: `http://${name}.${namespace}.svc:${port}`,
    podAddress,
    range: (expression, from, to) => range(podAddress, expression, from, to),
    stop: running.stop,
  };
}

/** Of a pod that stands for Prometheus, behind a Service. */
async function podIp(plane: ControlPlane): Promise<string> {
  await newNamespace(plane, namespace);
  const labels = { app: name };
  await apply(
    plane,
    {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels } },
      spec: { containers: [{ name, image: name, ports: [{ containerPort: port }] }] },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } },
      spec: { selector: labels, ports: [{ port }] },
    },
  );
  let ip = '';
  await until('the pod of Prometheus', async () => {
    const args = ['get', 'pod', name, '-n', namespace, '-o', 'jsonpath={.status.podIP}'];
    ip = await plane.kubectl(args);
    return ip !== '';
  });
  return ip;
}

function configOf(ports: Record<string, number>): string {
  return JSON.stringify({
    global: { scrape_interval: '1s' },
    scrape_configs: Object.entries(ports).map(([job, at]) => ({
      job_name: job,
      static_configs: [{ targets: [`127.0.0.1:${at}`] }],
    })),
  });
}

type RangeAnswer = { data: { result: { values: [number, string][] }[] } };

async function range(address: string, query: string, from: number, to: number) {
  const times = { start: String(from / 1000), end: String(to / 1000), step: String(stepSeconds) };
  const body = new URLSearchParams({ query, ...times });
  const answer = await fetch(`${address}/api/v1/query_range`, { method: 'POST', body });
  if (!answer.ok) throw new Error(await answer.text());
  const { data } = (await answer.json()) as RangeAnswer;
  return (data.result[0]?.values ?? []).map(([seconds, value]): [number, number] => [
    seconds * 1000,
    Number(value),
  ]);
}
