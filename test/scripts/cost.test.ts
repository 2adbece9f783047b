import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { metricUnits } from '../../lib/model/metrics.ts';
import { watched } from '../../scripts/bill.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serin-cost-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fleet = ['--clusters', '50', '--rollouts', '1000', '--releases-per-day', '200'];
const cost = (args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((done) => {
    const script = resolve('scripts/cost.ts');
    execFile(process.execPath, [script, ...args], { cwd: folder }, (error, out, err) => {
      done({ code: Number(error?.code ?? 0), out, err });
    });
  });
const write = async (text: string) => {
  await mkdir(join(folder, '.serin'));
  await writeFile(join(folder, '.serin', 'aws-counters.json'), text);
};

const none = { invocations: 0, billedMs: 0, memoryMb: 1024 };
const nothing = {
  functions: {},
  sqs: { send: 0, receive: 0, delete: 0 },
  dynamo: { writeUnits: 0, readUnits: 0 },
  api: { requests: 0 },
  doorbell: { notices: 0 },
  logs: { bytes: 0 },
};
const countedOn = '2026-01-31';
const idle = { ...nothing, minutes: 10, clusters: 1 };
const dollars = (out: string, what: string) =>
  Number(out.match(new RegExp(`([\\d.]+) {2}${what}`))?.[1]);

describe('npm run cost', () => {
  it('makes a bill of what was counted: of releases by the day, of the rest by the minute', async () => {
    const functions = { reconcile: { ...none, invocations: 30, billedMs: 60_000 } };
    const sweep = { ...none, invocations: 10, billedMs: 10_000 };
    const list = { ...none, invocations: 1, billedMs: 1000 };
    const written = {
      ...{ ...nothing, countedOn, releases: 2, functions, logs: { bytes: 1e6 } },
      idle: { ...idle, functions: { sweep, reconcile: list } },
    };
    await write(JSON.stringify(written));
    const { out, code } = await cost(fleet);
    expect(code).toBe(0);
    // 30 s a release of 1 GB; a second of the sweep a minute; a second a cluster in ten minutes.
    const gbSeconds = 200 * (730 / 24) * 30 + 730 * 60 + (730 * 60 * 50) / 10;
    expect(dollars(out, 'Lambda time')).toBeCloseTo(gbSeconds * 0.0000133334, 2);
    expect(dollars(out, 'CloudWatch logs')).toBeCloseTo(
      (200 * (730 / 24) * 1e6 * 0.5) / 2 / 1e9,
      2,
    );
    expect(dollars(out, 'on Fargate as EKS bills it')).toBeCloseTo(1063, 0);
    expect(dollars(out, 'on EC2, its share of memory')).toBeCloseTo(372, 0);
    const [serin = '', page = '', argo = ''] = out.split(/A tab of the page|Two replicas/);
    const sumOf = (part: string) =>
      [...part.matchAll(/^ +([\d.]+) {2}/gm)].reduce((all, [, each]) => all + Number(each), 0);
    const sum = sumOf(serin);
    // What is promised of a tab with a thousand rollouts.
    expect(sumOf(page)).toBeGreaterThan(1);
    expect(sumOf(page)).toBeLessThanOrEqual(2);
    expect(argo.trimEnd().split('\n').at(-1)).toMatch(/^total \d+\.\d\d dollars a month$/);
    expect(Number(argo.match(/total ([\d.]+)/)?.[1])).toBeCloseTo(sum, 0);
  });

  it("does not take the queue's empty receives for those of each cluster", async () => {
    const sqs = { send: 1, receive: 60, delete: 1 };
    await write(JSON.stringify({ ...nothing, countedOn, releases: 1, idle: { ...idle, sqs } }));
    const { out } = await cost(fleet);
    const requests = Number(out.match(/SQS requests +([\d,]+)/)?.[1]?.replaceAll(',', ''));
    expect(requests).toBe((3 * 730 * 60 * 50) / 10);
  });

  it('goes by the committed counters where nothing was counted here, and says of which day', async () => {
    const { code, out } = await cost(fleet);
    expect(code).toBe(0);
    expect(out).toMatch(/^Serin, from \d+ releases .* counted on 20\d\d-\d\d-\d\d:\n/);
    expect(dollars(out, 'Lambda time')).toBeGreaterThan(0);
  });

  it('says what to do with counters of another version', async () => {
    await write('{"releases": 0}');
    const wrong = await cost(fleet);
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toContain('releases');
  });

  it.each([
    [['--clusters', 'many'], '--clusters must be a number'],
    [['--cluster', '1'], 'usage: npm run cost'],
    [[], '--clusters must be a number'],
  ])('refuses %j', async (args, message) => {
    await write('{}');
    const { code, err } = await cost(args);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  it('counts the metrics and alarms that there are', async () => {
    const durations = 5;
    expect(watched.metrics).toBe(Object.keys(metricUnits).length - 1 + durations);
    const alarms = parseDocument(await readFile('infra/alarms.yml', 'utf8'), {
      logLevel: 'silent',
    });
    const { Resources } = alarms.toJS();
    const metrics = Object.values<{ Properties: { Metrics?: { MetricStat?: unknown }[] } }>(
      Resources,
    )
      .flatMap(({ Properties }) => Properties.Metrics ?? [{ MetricStat: {} }])
      .filter(({ MetricStat }) => MetricStat);
    expect(watched.alarmMetrics).toBe(metrics.length);
  });
});
