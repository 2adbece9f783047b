import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { metricUnits } from '../../lib/model/metrics.ts';
import { cfnLint } from './programs.ts';
import { region } from './services.ts';
import { deploymentOf, functionsIn, queueSourceOf, type Resource, rightsOf } from './template.ts';

const run = promisify(execFile);

const { folder, said, template } = inject('packaged');
const functions = functionsIn(template);
const propertiesOf = (id: string): Resource['Properties'] =>
  template.Resources[id]?.Properties ?? {};

const logs = (...names: string[]) =>
  names.flatMap((name) => [
    `logs:CreateLogStream on log group ${name}`,
    `logs:PutLogEvents on log group ${name}`,
  ]);
/** AWS knows no finer resource for these. */
const traces = ['xray:PutTelemetryRecords on *', 'xray:PutTraceSegments on *'];
const interfaces = [
  'ec2:AssignPrivateIpAddresses on * IsInVpc',
  'ec2:CreateNetworkInterface on * IsInVpc',
  'ec2:DeleteNetworkInterface on * IsInVpc',
  'ec2:DescribeNetworkInterfaces on * IsInVpc',
  'ec2:DescribeSubnets on * IsInVpc',
  'ec2:UnassignPrivateIpAddresses on * IsInVpc',
];
const puts = (...partitions: string[]) =>
  partitions.map((each) => `dynamodb:PutItem on Table of ${each}`);
/** What every function may do that logs under these names, and what else it may. */
const rightsWith = (names: string[], ...others: string[]) => [
  'dynamodb:GetItem on Table',
  'dynamodb:Query on Table',
  ...logs(...names),
  ...traces,
  ...others,
];
const loadBalancers = [
  'LoadBalancers',
  'Listeners',
  'Rules',
  'TargetGroups',
  'Tags',
  'TargetHealth',
].map((each) => `elasticloadbalancing:Describe${each} on *`);
const wakes = 'sqs:SendMessage on Wakes';
const commands = 'lambda:InvokeFunction on Reconcile';
/** Records of all that has turns. */
const records = ['rollouts#*', 'analysisruns#*', 'experiments#*', 'deliveries#*'];
const clusters = rightsWith(
  ['Reconcile', 'Look'],
  ...puts(...records, 'ledger#*', 'thread#*', 'notice#*', 'outage'),
  ...puts('idempotency#marked%20Services'),
  ...records.map((each) => `dynamodb:DeleteItem on Table of ${each}`),
  'dynamodb:DeleteItem on Table of notice#*',
  'dynamodb:DeleteItem on Table of outage',
  'eks:DescribeCluster on arn:PARTITION:eks:*:ACCOUNT:cluster/*',
  ...loadBalancers,
  'cloudwatch:GetMetricData on *',
  'aps:QueryMetrics on arn:PARTITION:aps:*:ACCOUNT:workspace/*',
  'lambda:InvokeFunction on arn:PARTITION:lambda:*:ACCOUNT:function:serin-metric-*',
  'ssm:GetParameter on arn:PARTITION:ssm:*:ACCOUNT:parameter/serin/metrics/*',
  'secretsmanager:GetSecretValue on arn:PARTITION:secretsmanager:*:ACCOUNT:secret:serin/metrics/*',
  'ssm:GetParameter on arn:PARTITION:ssm:*:ACCOUNT:parameter/serin/messages/*',
  'secretsmanager:GetSecretValue on arn:PARTITION:secretsmanager:*:ACCOUNT:secret:serin/messages/*',
  'events:PutEvents on MessageBuses HasMessageBuses',
  'sns:Publish on MessageTopics HasMessageTopics',
  'ses:SendEmail on MessageSenders HasMessageSenders',
  'sts:AssumeRole on arn:PARTITION:iam::*:role/serin*',
  'sqs:ReceiveMessage on Wakes',
  'sqs:DeleteMessage on Wakes',
  'sqs:GetQueueAttributes on Wakes',
  wakes,
  ...interfaces,
);
const secrets = 'ssm:GetParameter on arn:PARTITION:ssm:REGION:ACCOUNT:parameter/serin/*';
const due = 'dynamodb:Query on Table/index/due';
const fleet = 'dynamodb:Query on Table/index/fleet';

/** All that each function may do. */
const rights: Record<string, string[]> = {
  reconcile: clusters,
  look: clusters,
  sweep: rightsWith(['Sweep'], ...puts(...records), due, wakes),
  admission: rightsWith(['Admission'], ...puts('notice#*', 'idempotency#list%23*'), wakes),
  hooks: rightsWith(
    ['Hooks'],
    ...puts('rollouts#*', 'idempotency#hook'),
    ...[wakes, commands, secrets],
    'secretsmanager:GetSecretValue on arn:PARTITION:secretsmanager:*:ACCOUNT:secret:serin/messages/*',
  ),
  apiReads: rightsWith(['ApiReads'], fleet, 'lambda:InvokeFunction on Look'),
  page: ['dynamodb:GetItem on Table of settings', ...logs('Page'), ...traces],
  apiCommands: rightsWith(['ApiCommands'], ...puts('rollouts#*'), wakes, commands),
};

describe('the packaged template', () => {
  it('is made without a warning', () => {
    expect(said).not.toMatch(/warning|deprecat|error/i);
  });

  it('has nothing that cfn-lint finds fault with', async () => {
    const { python, script } = await cfnLint();
    const files = (await readdir(folder)).filter((name) => name.startsWith('cloudformation-'));
    expect(files).toHaveLength(2);
    // W3005: osls writes out dependencies that follow from references as well.
    const args = [script, '--ignore-checks', 'W3005', '--regions', region, '--template'];
    const paths = files.map((name) => join(folder, name));
    const { stdout } = await run(python, [...args, ...paths]);
    expect(stdout).toBe('');
  }, 300_000);

  it('gives each function exactly the rights of the table', () => {
    const given = Object.entries(functions).map(([name, made]) => [name, rightsOf(template, made)]);
    const wanted = Object.entries(rights).map(([name, list]) => [name, list.toSorted()]);
    expect(Object.fromEntries(given)).toEqual(Object.fromEntries(wanted));
    const roles = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::IAM::Role');
    expect(roles).toHaveLength(7);
    for (const { Properties } of roles) {
      expect(Properties.ManagedPolicyArns ?? []).toEqual([]);
      expect(JSON.stringify(Properties.AssumeRolePolicyDocument)).not.toContain('"AWS"');
    }
  });

  it('holds nobody up: concurrency is reserved for each function, and the queue cannot take all', () => {
    const reserved = Object.values(functions).map(({ Properties }) => [
      Properties.ReservedConcurrentExecutions,
      Properties.Runtime,
      Properties.Architectures[0],
    ]);
    expect(reserved).toHaveLength(8);
    for (const [concurrency, ...how] of reserved) {
      expect(concurrency).toBeGreaterThan(0);
      expect(how).toEqual(['nodejs24.x', 'arm64']);
    }
    const reconcile = propertiesOf('ReconcileLambdaFunction');
    const source = propertiesOf('ReconcileEventSourceMappingSQSWakes');
    const { ScalingConfig, FunctionResponseTypes } = source;
    expect(ScalingConfig.MaximumConcurrency).toBeLessThan(reconcile.ReservedConcurrentExecutions);
    expect(FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    // Lambda stops a function that goes on waking itself, unless it is told that this is meant.
    expect(reconcile.RecursiveLoop).toBe('Allow');
    const { VisibilityTimeout, RedrivePolicy } = propertiesOf('Wakes');
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * reconcile.Timeout);
    expect(RedrivePolicy.deadLetterTargetArn).toEqual({ 'Fn::GetAtt': ['DeadLetters', 'Arn'] });
  });

  it('reserves nothing by default, and the queue leaves half of a new account to others', () => {
    const byDefault = inject('packagedByDefault').template;
    for (const { Properties } of Object.values(functionsIn(byDefault))) {
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
    expect(queueSourceOf(byDefault).maximumConcurrency).toBeLessThanOrEqual(5);
  });

  it('makes what is named in an account once for each region', () => {
    const roles = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::IAM::Role');
    const names = roles.flatMap(({ Properties }) => Properties.RoleName ?? []);
    expect(names).toEqual([`serin-prod-reconcile-${region}`]);
  });

  it('routes each path to the function that serves it, IAM before /iam alone', () => {
    const routes = Object.values(template.Resources)
      .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
      .map(({ Properties }) => {
        const target = JSON.stringify(Properties.Target).match(/HttpApiIntegration(\w+)/)?.[1];
        return `${Properties.RouteKey}: ${target}, ${Properties.AuthorizationType ?? 'open'}`;
      });
    expect(routes.sort()).toEqual([
      'GET /: Page, open',
      'GET /assets/{proxy+}: Page, open',
      'GET /c/{proxy+}: Page, open',
      'GET /config.json: Page, open',
      'GET /iam/v1/{proxy+}: ApiReads, AWS_IAM',
      'GET /signed-in: Page, open',
      'GET /v1/{proxy+}: ApiReads, open',
      'POST /iam/v1/{proxy+}: ApiCommands, AWS_IAM',
      'POST /v1/doorbell/{cluster}/{secret}: Admission, open',
      'POST /v1/hooks/{id}: Hooks, open',
      'POST /v1/{proxy+}: ApiCommands, open',
    ]);
    // An access log would hold the doorbell's secrets.
    expect(propertiesOf('HttpApiStage').AccessLogSettings).toBeUndefined();
  });

  it('takes so much of each route, and the open ones leave room for a command by IAM', () => {
    const { RouteSettings, DefaultRouteSettings } = propertiesOf('HttpApiStage');
    const settings = Object.entries<Resource['Properties']>(RouteSettings);
    const limits = settings.map(
      ([route, { ThrottlingRateLimit, ThrottlingBurstLimit }]) =>
        `${route}: ${ThrottlingRateLimit} a second, ${ThrottlingBurstLimit} at once`,
    );
    expect(limits.sort()).toEqual([
      'GET /: 10 a second, 10 at once',
      'GET /assets/{proxy+}: 20 a second, 40 at once',
      'GET /c/{proxy+}: 10 a second, 10 at once',
      'GET /config.json: 10 a second, 10 at once',
      'GET /iam/v1/{proxy+}: 50 a second, 10 at once',
      'GET /signed-in: 10 a second, 10 at once',
      'GET /v1/{proxy+}: 50 a second, 10 at once',
      'POST /iam/v1/{proxy+}: 20 a second, 10 at once',
      'POST /v1/doorbell/{cluster}/{secret}: 300 a second, 500 at once',
      'POST /v1/hooks/{id}: 20 a second, 100 at once',
      'POST /v1/{proxy+}: 20 a second, 10 at once',
    ]);
    for (const [name, route] of [
      ['apiReads', 'GET /v1/{proxy+}'],
      ['apiCommands', 'POST /v1/{proxy+}'],
    ] as const) {
      const { concurrency } = deploymentOf(template, name);
      expect(RouteSettings[route].ThrottlingBurstLimit).toBeLessThanOrEqual(concurrency / 2);
    }
    // Each route's metrics would be on the bill, and no alarm looks at one.
    for (const each of [DefaultRouteSettings, ...settings.map(([, each]) => each)]) {
      expect(each.DetailedMetricsEnabled ?? false).toBe(false);
    }
    // API Gateway takes no settings for a route that is not there yet.
    const routes = Object.entries(template.Resources)
      .filter(([, { Type }]) => Type === 'AWS::ApiGatewayV2::Route')
      .map(([id]) => id);
    expect(template.Resources.HttpApiStage?.DependsOn?.toSorted()).toEqual(routes.sort());
  });

  it('takes the parameters that the manual has, with the same defaults', async () => {
    // What CloudFormation makes of !Ref and the like is not looked at.
    const { params } = parse(await readFile('serverless.yml', 'utf8'), { logLevel: 'error' });
    const manual = await readFile('docs/install.md', 'utf8');
    const rows = manual.matchAll(/^\| `(\w+)` \| (?:`([^`]*)` )?\| /gm);
    const shown = [...rows].map(([, name, value = '']) => [name, value]);
    const defaults = Object.entries(params.default).map(([name, value]) => [name, String(value)]);
    expect(shown.sort()).toEqual(defaults.sort());
  });

  it('watches and shows nothing that Serin does not measure', () => {
    const shown = JSON.stringify(template.Resources.Dashboard);
    const names = Object.values(template.Resources)
      .filter(({ Properties }) => Properties.Namespace === 'Serin')
      .map(({ Properties }) => Properties.MetricName);
    expect(names.sort()).toEqual([
      'clusters_unreachable',
      'notification_failures_total',
      'rollout_reconcile_error',
      'sweep_lateness_seconds',
    ]);
    for (const name of Object.keys(metricUnits)) expect(shown).toContain(name);
    const { DashboardBody } = propertiesOf('Dashboard');
    expect(JSON.parse(DashboardBody['Fn::Sub']).widgets).toHaveLength(10);
    const service = [{ Name: 'service', Value: 'serin-prod' }];
    for (const { Properties } of Object.values(template.Resources)) {
      if (Properties.Namespace === 'Serin') expect(Properties.Dimensions).toEqual(service);
    }
    for (const { Properties } of Object.values(functions)) {
      expect(Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME).toBe('serin-prod');
    }
  });
});
