import { expect, it } from 'vitest';
import { measuring } from '../../lib/measure/own.ts';
import type { AwsSecretRef } from '../../lib/model/httpRequest.ts';

// What a process may read for a channel, it must not read for whoever writes an AnalysisTemplate.

const read = async (ref: AwsSecretRef) => JSON.stringify(ref);
const function_ = { stack: true };
const process_ = { stack: false };

it.each<AwsSecretRef>([
  { ssm: '/serin/metrics/datadog' },
  { ssm: 'arn:aws:ssm:eu-west-1:111122223333:parameter/serin/metrics/datadog' },
  { secretsManager: 'serin/metrics/datadog', key: 'api' },
  { secretsManager: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:serin/metrics/x-AbCdEf' },
])('reads %j, in a function and elsewhere', async (ref) => {
  expect(await measuring(read, {}, function_)(ref)).toBe(JSON.stringify(ref));
  expect(await measuring(read, {}, process_)(ref)).toBe(JSON.stringify(ref));
});

it.each<AwsSecretRef>([
  { ssm: '/serin/messages/slack' },
  { ssm: '/serin/messages/metrics/slack' },
  { ssm: '/serin/mymetrics/slack' },
  { ssm: 'arn:aws:ssm:eu-west-1:111122223333:parameter/serin/messages/slack' },
  { secretsManager: 'serin/messages/slack' },
  { secretsManager: 'prod/db' },
  { secretsManager: 'arn:aws:secretsmanager:eu-west-1:1:secret:serin/messages/metrics/x-AbCdEf' },
])('does not read %j', async (ref) => {
  const refusal = /is no secret of measurements/;
  await expect(measuring(read, {}, function_)(ref)).rejects.toThrow(refusal);
  await expect(measuring(read, {}, process_)(ref)).rejects.toThrow(refusal);
  // A role of the cluster's measurements may read what it may.
  expect(await measuring(read, { roleArn: 'arn:aws:iam::1:role/m' }, process_)(ref)).toBeTruthy();
});

// The functions' role bounds what this reaches. What another process runs as may be anybody.
it.each<AwsSecretRef>([
  { ssm: '/team/a/metrics/messages/datadog' },
  { ssm: 'arn:aws:ssm:eu-west-1:1:parameter/team/serin/metrics/datadog' },
  { secretsManager: 'prod/metrics/db' },
  { secretsManager: 'prod/serin/metrics/db' },
])('reads %j in a function alone', async (ref) => {
  expect(await measuring(read, {}, function_)(ref)).toBe(JSON.stringify(ref));
  await expect(measuring(read, {}, process_)(ref)).rejects.toThrow(/is no secret of measurements/);
});
