import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Extra } from './stage.ts';

// Rollouts that a metric judges while they are released, and the server that it is asked of.

/** A second between the measurements of a rollout. */
const intervalMs = 1000;

export type MetricServer = {
  url: string;
  /** When it was asked, in the order of time, for each rollout. */
  asked: Map<string, number[]>;
  close: () => void;
};

export async function startMetricServer(): Promise<MetricServer> {
  const asked = new Map<string, number[]>();
  const server = createServer(({ url = '' }, response) => {
    const name = url.slice(1);
    asked.set(name, [...(asked.get(name) ?? []), Date.now()]);
    response.setHeader('content-type', 'application/json');
    response.end('{"value": 1}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}

/** A background analysis of one metric for each rollout. */
export function analysed(url: string): Extra {
  return {
    canary: (name) => ({ analysis: { templates: [{ templateName: name }] } }),
    objects: ({ name, namespace, labels }) => [
      {
        ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate' },
        metadata: { name, namespace, labels },
        spec: {
          metrics: [
            {
              ...{ name: 'ok', interval: '1s', successCondition: 'result == 1' },
              provider: { web: { url: `${url}/${name}`, jsonPath: '{$.value}' } },
            },
          ],
        },
      },
    ],
  };
}

/** How much later than its interval each measurement came after the one before. */
export function latenesses({ asked }: MetricServer): number[] {
  return [...asked.values()].flatMap((times) =>
    times.slice(1).map((at, index) => at - (times[index] ?? at) - intervalMs),
  );
}
