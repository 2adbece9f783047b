import type { Counters, Used } from './counters.ts';

// The bill of a month, from what was counted. Pure.

/**
 * Dollars, us-east-1, arm64, without any free tier, as of June 2026. AWS's own pages show prices by
 * script, so none of these is first-hand; compare them before you rest on them.
 */
export const prices = {
  lambdaRequest: 0.2e-6,
  lambdaGbSecond: 0.0000133334,
  sqsRequest: 0.4e-6,
  /** Fair queues: for each message that names a group. */
  sqsGroup: 0.1e-6,
  dynamoWriteUnit: 0.625e-6,
  dynamoReadUnit: 0.125e-6,
  dynamoGb: 0.25,
  httpApiRequest: 1e-6,
  eventBridge: 1e-6,
  logGb: 0.5,
  fargateVcpuHour: 0.04048,
  fargateGbHour: 0.004445,
  m7gLargeHour: 0.0816,
  // From memory.
  pitrGb: 0.2,
  metric: 0.3,
  alarmMetric: 0.1,
  dashboard: 3,
} as const;

const hoursAMonth = 730;
const minutesAMonth = hoursAMonth * 60;
const daysAMonth = hoursAMonth / 24;

export type Fleet = { clusters: number; rollouts: number; releasesPerDay: number };
export type Line = { what: string; how: string; dollars: number };

/**
 * Lambda keeps five connections open on a queue with a maximum concurrency, each asking for 20 s at a time;
 * the tests' stand-in for it asks otherwise, so this is not counted but known.
 */
const emptyReceivesAMinute = 5 * 3;
/** Record, view and index entry of a rollout, and its ledger of a year. */
const bytesPerRollout = 60_000;
/** A record with its view, which each list of its cluster reads, every ten minutes, in units of 4 kB. */
const recordBytes = 8000;
const readUnitBytes = 4096;
const listsAMonth = minutesAMonth / 10;
/** infra/: metrics of model/metrics.ts, one of them in five ways; those the alarms look at; one dashboard. */
export const watched = { metrics: 20, alarmMetrics: 9, dashboards: 1 };

export function billOf(counted: Counters, fleet: Fleet): Line[] {
  const releases = fleet.releasesPerDay * daysAMonth;
  const perRelease = releases / counted.releases;
  const minutes = minutesAMonth / counted.idle.minutes;
  // What goes on without a release goes on for each cluster; only the sweep is one for all.
  const perCluster = (minutes * fleet.clusters) / counted.idle.clusters;
  const total = (pick: (used: Used) => number): number =>
    pick(counted) * perRelease + pick(counted.idle) * perCluster;
  const lambda = (pick: (used: Used['functions'][string]) => number): number => {
    const sum = ({ functions }: Used, scale: (name: string) => number) =>
      Object.entries(functions).reduce((all, [name, each]) => all + pick(each) * scale(name), 0);
    // The sweep runs every minute, whatever is released; it is counted where nothing is.
    const inReleases = sum(counted, (name) => (name === 'sweep' ? 0 : perRelease));
    return inReleases + sum(counted.idle, (name) => (name === 'sweep' ? minutes : perCluster));
  };
  const requests = lambda(({ invocations }) => invocations);
  const gbSeconds = lambda(({ billedMs, memoryMb }) => (billedMs / 1000) * (memoryMb / 1024));
  const sends = total(({ sqs }) => sqs.send);
  // While nothing is released a receive finds a message for each that is deleted, and mostly nothing: those
  // are AWS's own polling, which does not grow with the clusters, and have a line of their own.
  const listWake = counted.idle.sqs.send + 2 * counted.idle.sqs.delete;
  const { send, receive, delete: done } = counted.sqs;
  const queue = (send + receive + done) * perRelease + listWake * perCluster;
  const empty = emptyReceivesAMinute * minutesAMonth;
  const writes = total(({ dynamo }) => dynamo.writeUnits);
  const reads = total(({ dynamo }) => dynamo.readUnits);
  const compared = fleet.rollouts * Math.ceil(recordBytes / readUnitBytes) * listsAMonth;
  const http = total(({ api, doorbell }) => api.requests + doorbell.notices);
  const logGb = total(({ logs }) => logs.bytes) / 1e9;
  const gb = (fleet.rollouts * bytesPerRollout) / 1e9;
  return [
    line('Lambda requests', requests, '', prices.lambdaRequest),
    line('Lambda time', gbSeconds, 'GB-s', prices.lambdaGbSecond),
    line('SQS requests', queue, '', prices.sqsRequest),
    line('SQS messages of a fair queue', sends, '', prices.sqsGroup),
    line('SQS empty receives', empty, '', prices.sqsRequest),
    line('DynamoDB writes', writes, 'units', prices.dynamoWriteUnit),
    line('DynamoDB reads', reads, 'units', prices.dynamoReadUnit),
    line('DynamoDB reads of lists', compared, 'units', prices.dynamoReadUnit),
    line('DynamoDB storage', gb, 'GB', prices.dynamoGb),
    line('DynamoDB point-in-time recovery', gb, 'GB', prices.pitrGb),
    line('HTTP API, doorbell included', http, 'requests', prices.httpApiRequest),
    line('EventBridge', minutesAMonth, 'schedules', prices.eventBridge),
    line('CloudWatch logs', logGb, 'GB', prices.logGb),
    line('CloudWatch metrics', watched.metrics, '', prices.metric),
    line('CloudWatch alarms', watched.alarmMetrics, 'metrics', prices.alarmMetric),
    line('CloudWatch dashboard', watched.dashboards, '', prices.dashboard),
  ];
}

/** A row of the fleet: lib/model/rolloutRow.ts. */
const rowBytes = 400;
/** Of the page's list while anything is under way; it asks every 30 s otherwise. */
const pollSeconds = 5;
const hoursOpenADay = 8;
/** What a poll reads besides rows: the token, the clusters that do not answer. */
const readsAPoll = 2;
/** An entry of a cluster, with its certificate; all of them are read once in so many polls. */
const clusterBytes = 2500;
const pollsAClusterList = 6;
/** As long as the handler took for 2,000 rows, a part for each; more is the same again for a start. */
const pollMs = 40;
const msPerRow = 0.03;
const apiMemoryGb = 0.5;

/** How often a tab is loaded anew, and what it asks the page's function for then: most files are kept. */
const loadsADay = 20;
const filesALoad = 3;
const fileMs = 10;

/** One tab of the page, with something under way all the time. An index is read for half a unit. */
export function pageBill({ clusters, rollouts }: Fleet): Line[] {
  const polls = ((hoursOpenADay * 3600) / pollSeconds) * daysAMonth;
  const perCluster = (rollouts / Math.max(1, clusters)) * rowBytes;
  const rows = (clusters * Math.max(1, Math.ceil(perCluster / readUnitBytes))) / 2;
  const list = (clusters * clusterBytes) / readUnitBytes / pollsAClusterList;
  const files = loadsADay * filesALoad * daysAMonth;
  const perFile =
    prices.httpApiRequest +
    prices.lambdaRequest +
    (fileMs / 1000) * apiMemoryGb * prices.lambdaGbSecond;
  const seconds = (polls * (pollMs + msPerRow * rollouts)) / 1000;
  return [
    line('DynamoDB reads', polls * (rows + readsAPoll + list), 'units', prices.dynamoReadUnit),
    line('Lambda time', seconds * apiMemoryGb, 'GB-s', prices.lambdaGbSecond),
    line('Lambda requests', polls, '', prices.lambdaRequest),
    line('HTTP API', polls, 'requests', prices.httpApiRequest),
    {
      what: 'the page itself',
      how: `${Math.round(files).toLocaleString('en-US')} requests`,
      dollars: files * perFile,
    },
  ];
}

function line(what: string, amount: number, unit: string, price: number): Line {
  const rounded = amount >= 100 ? Math.round(amount) : Number(amount.toPrecision(2));
  const how = `${rounded.toLocaleString('en-US', { maximumFractionDigits: 4 })} ${unit}`.trim();
  return { what, how, dollars: amount * price };
}

/** Two replicas of Argo's controller in every cluster, each with 0.25 vCPU and 512 MiB. */
export function argoBill({ clusters }: Fleet): Line[] {
  const pods = 2 * clusters;
  const how = `${pods} pods of 0.25 vCPU and 512 MiB`;
  const fargate = (gb: number): number =>
    pods * hoursAMonth * (0.25 * prices.fargateVcpuHour + gb * prices.fargateGbHour);
  const node = prices.m7gLargeHour * hoursAMonth;
  return [
    { what: 'on Fargate as EKS bills it', how: `${how}, rounded up to 1 GB`, dollars: fargate(1) },
    { what: 'on Fargate by the list', how, dollars: fargate(0.5) },
    { what: 'on EC2, its share of processors', how, dollars: (pods * node * 0.25) / 2 },
    { what: 'on EC2, its share of memory', how, dollars: (pods * node * 0.5) / 8 },
  ];
}
