import { parseArgs } from 'node:util';
import { startControlPlane } from '../controlPlane.ts';
import { installArgoDefinitions, startArgo } from '../peer.ts';
import { startSerin } from '../serin.ts';
import { measureAtRest, type Rested } from './atRest.ts';
import { type Fleet, type Measured, measure, type Plain } from './measure.ts';
import type { Routing } from './routers.ts';
import type { Subject } from './stage.ts';

// `npm run bench [-- --json]`: Argo's controller and Serin, one after the other on one control plane.
// `--fleet 0` leaves out all but the releases with a router or a metric. `--at-rest 2000` measures how they
// start among so many at rest, in place of how they release.

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    fleet: { type: 'string', default: '200' },
    samples: { type: 'string', default: '40' },
    routed: { type: 'string', default: '100' },
    'at-rest': { type: 'string' },
    starts: { type: 'string', default: '3' },
  },
});
type Row<T> = [label: string, value: (one: T) => string | number];

const tell = (line: string): boolean => process.stderr.write(`${line}\n`);
const sizes = {
  ...{ samples: Number(values.samples), fleet: Number(values.fleet) },
  ...{ routed: Number(values.routed), restSeconds: 30 },
};
const resting = { count: Number(values['at-rest']), starts: Number(values.starts) };

const ofPlain =
  (value: (plain: Plain) => string | number): Row<Measured>[1] =>
  (one) =>
    value(one as Plain);
const plainRows: Row<Measured>[] = [
  ['promote → first resize, p50 / p99 ms', ofPlain(({ promoteMs }) => spreadText(promoteMs))],
  ['a pause of 5 s ends late, p50 / p99 ms', ofPlain(({ pauseLateMs }) => spreadText(pauseLateMs))],
  [`${sizes.fleet} releases at once, wall s`, ofPlain(({ fleet }) => fleet.wallSeconds)],
  ['  processor s', ofPlain(({ fleet }) => fleet.cpuSeconds)],
  ['  most memory, MiB', ofPlain(({ fleet }) => fleet.peakMiB)],
  ['  writes a release', ofPlain(({ fleet }) => fleet.requestsPerRelease.writes)],
  ['  of them to the status', ofPlain(({ fleet }) => fleet.requestsPerRelease.statusWrites)],
  ['  reads a release', ofPlain(({ fleet }) => fleet.requestsPerRelease.reads)],
  ['at rest, requests a second', ofPlain((one) => one.restRequestsPerSecond)],
];

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

function table(measured: Measured[]): string {
  const rows = [
    ...(sizes.fleet > 0 ? plainRows : []),
    ...routedRows('nginx', 'NGINX'),
    ...routedRows('alb', 'ALB annotations'),
    ...analysedRows(),
  ];
  return tableOf(rows, measured);
}

function spreadText({ p50, p99 }: { p50: number; p99: number }): string {
  return `${p50} / ${p99}`;
}

function routedRows(routing: Routing, label: string): Row<Measured>[] {
  const of = ({ routed }: Measured): Measured['routed'][Routing] => routed[routing];
  return [
    [
      `${label}: promote → weight written, p50 / p99 ms`,
      (one) => spreadText(of(one).promoteToWeightMs),
    ],
    ...manyRows(of),
  ];
}

/** Of many releases at once. */
function manyRows(of: (one: Measured) => Fleet): Row<Measured>[] {
  return [
    [`  ${sizes.routed} releases at once, wall s`, (one) => of(one).wallSeconds],
    ['  processor s', (one) => of(one).cpuSeconds],
    ['  writes a release', (one) => of(one).requestsPerRelease.writes],
    ['  of them to the status', (one) => of(one).requestsPerRelease.statusWrites],
    ['  reads a release', (one) => of(one).requestsPerRelease.reads],
  ];
}

function analysedRows(): Row<Measured>[] {
  const late: Row<Measured> = [
    'a metric each second: a measurement is late, p50 / p99 ms',
    ({ analysed }) => spreadText(analysed.measurementLateMs),
  ];
  return [late, ...manyRows(({ analysed }) => analysed)];
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
