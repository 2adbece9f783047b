import { parseArgs } from 'node:util';
import { startControlPlane } from '../controlPlane.ts';
import { installArgoDefinitions, startArgo } from '../peer.ts';
import { startSerin } from '../serin.ts';
import { measureAtRest, type Rested } from './atRest.ts';
import { type Measured, measure } from './measure.ts';
import type { Subject } from './stage.ts';

// `npm run bench [-- --json]`: Argo's controller and Serin, one after the other on one control plane.
// `--at-rest 2000` measures how they start among so many at rest, in place of how they release.

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    fleet: { type: 'string', default: '200' },
    samples: { type: 'string', default: '40' },
    'at-rest': { type: 'string' },
    starts: { type: 'string', default: '3' },
  },
});
const tell = (line: string): boolean => process.stderr.write(`${line}\n`);
const sizes = { samples: Number(values.samples), fleet: Number(values.fleet), restSeconds: 30 };
const resting = { count: Number(values['at-rest']), starts: Number(values.starts) };

const controllers: Subject[] = [
  {
    name: 'Argo Rollouts v1.10.1, raised limits',
    instanceId: 'argo',
    agent: 'rollouts-controller/',
    start: (plane) => startArgo(plane, { instanceId: 'argo', raisedLimits: true }),
  },
  {
    name: 'Serin',
    instanceId: 'serin',
    agent: 'serin/',
    start: (plane) => startSerin(plane, { instanceId: 'serin', quiet: true, inMemory: true }),
  },
];
const subjects = controllers.filter(
  ({ instanceId }) => values.only === undefined || instanceId === values.only,
);
if (values['at-rest'] === undefined) print(await measureAll(), table);
else print(await measureAtRest(subjects, resting, tell), restTable);

async function measureAll(): Promise<Measured[]> {
  const plane = await startControlPlane({ tell, audit: true });
  try {
    await installArgoDefinitions(plane);
    const measured: Measured[] = [];
    for (const subject of subjects) {
      tell(`measuring ${subject.name} …`);
      measured.push(await measure(plane, subject, sizes));
    }
    return measured;
  } finally {
    await plane.stop();
  }
}

function print<T>(measured: T[], asText: (all: T[]) => string): void {
  process.stdout.write(values.json ? `${JSON.stringify(measured, null, 2)}\n` : asText(measured));
}

type Row<T> = [label: string, value: (one: T) => string | number];

function table(measured: Measured[]): string {
  const rows: Row<Measured>[] = [
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
  return tableOf(rows, measured);
}

function restTable(measured: Rested[]): string {
  const row = (label: string, field: keyof Rested['starts'][number]): Row<Rested> => [
    label,
    ({ starts }) => starts.map((start) => start[field]).join(' / '),
  ];
  const rows = [
    row(`${resting.count} at rest, start → new ReplicaSet, ms`, 'newReplicaSetMs'),
    row('  processor s', 'newReplicaSetCpuSeconds'),
    row('after a minute, memory, MiB', 'residentMiB'),
    row('  most memory, MiB', 'peakMiB'),
    row('  processor s', 'cpuSeconds'),
  ];
  return tableOf(rows, measured);
}

function tableOf<T extends { controller: string }>(rows: Row<T>[], measured: T[]): string {
  const head = ['', ...measured.map(({ controller }) => controller)];
  const lines = rows.map(([label, value]) => [label, ...measured.map((one) => String(value(one)))]);
  return `${[head, ...lines].map((cells) => cells.join(' | ')).join('\n')}\n`;
}
