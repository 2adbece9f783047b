import { parseArgs } from 'node:util';
import { startControlPlane } from '../controlPlane.ts';
import { installArgoDefinitions, startArgo } from '../peer.ts';
import { startSerin } from '../serin.ts';
import { type Measured, measure } from './measure.ts';

// `npm run bench [-- --json]`: Argo's controller and Serin, one after the other on one control plane.

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    fleet: { type: 'string', default: '200' },
    samples: { type: 'string', default: '40' },
  },
});
const tell = (line: string): boolean => process.stderr.write(`${line}\n`);
const sizes = { samples: Number(values.samples), fleet: Number(values.fleet), restSeconds: 30 };

const plane = await startControlPlane({ tell, audit: true });
try {
  await installArgoDefinitions(plane);
  const measured: Measured[] = [];
  const controllers = [
    {
      name: 'Argo Rollouts v1.10.1, raised limits',
      instanceId: 'argo',
      agent: 'rollouts-controller/',
      start: () => startArgo(plane, { instanceId: 'argo', raisedLimits: true }),
    },
    {
      name: 'Serin',
      instanceId: 'serin',
      agent: 'serin/',
      start: () => startSerin(plane, { instanceId: 'serin', quiet: true, inMemory: true }),
    },
  ].filter(({ instanceId }) => values.only === undefined || instanceId === values.only);
  for (const { start, ...subject } of controllers) {
    tell(`measuring ${subject.name} …`);
    const running = await start();
    try {
      measured.push(await measure(plane, { ...subject, running }, sizes));
    } finally {
      await running.stop();
    }
  }
  process.stdout.write(values.json ? `${JSON.stringify(measured, null, 2)}\n` : table(measured));
} finally {
  await plane.stop();
}

function table(measured: Measured[]): string {
  const rows: [string, (one: Measured) => string | number][] = [
    [
      'promote → first resize, p50 / p99 ms',
      (one) => `${one.promoteMs.p50} / ${one.promoteMs.p99}`,
    ],
    [
      'a pause of 5 s ends late, p50 / p99 ms',
      (one) => `${one.pauseLateMs.p50} / ${one.pauseLateMs.p99}`,
    ],
    [`${sizes.fleet} releases at once, wall s`, (one) => one.fleet.wallSeconds],
    ['  processor s', (one) => one.fleet.cpuSeconds],
    ['  most memory, MiB', (one) => one.fleet.peakMiB],
    ['  writes a release', (one) => one.fleet.requestsPerRelease.writes],
    ['  of them to the status', (one) => one.fleet.requestsPerRelease.statusWrites],
    ['  reads a release', (one) => one.fleet.requestsPerRelease.reads],
    ['at rest, requests a second', (one) => one.restRequestsPerSecond],
  ];
  const head = ['', ...measured.map(({ controller }) => controller)];
  const lines = rows.map(([label, value]) => [label, ...measured.map((one) => String(value(one)))]);
  return `${[head, ...lines].map((cells) => cells.join(' | ')).join('\n')}\n`;
}
