import { expect, it } from 'vitest';
import { measuring } from '../../lib/measure/own.ts';
import type { AwsSecretRef } from '../../lib/model/httpRequest.ts';

// What a function may read for a channel, it must not read for whoever writes an AnalysisTemplate.

const read = async (ref: AwsSecretRef) => JSON.stringify(ref);

it.each<AwsSecretRef>([
  { ssm: '/serin/metrics/datadog' },
  { ssm: '/team/a/metrics/messages/datadog' },
  { ssm: 'arn:aws:ssm:eu-west-1:111122223333:parameter/serin/metrics/datadog' },
  { secretsManager: 'serin/metrics/datadog', key: 'api' },
  { secretsManager: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:serin/metrics/x-AbCdEf' },
])('reads %j', async (ref) => {
  expect(await measuring(read, {})(ref)).toBe(JSON.stringify(ref));
});

it.each<AwsSecretRef>([
  { ssm: '/serin/messages/slack' },
  { ssm: '/serin/messages/metrics/slack' },
  { ssm: '/serin/mymetrics/slack' },
  { ssm: 'arn:aws:ssm:eu-west-1:111122223333:parameter/serin/messages/slack' },
  { secretsManager: 'serin/messages/slack' },
  { secretsManager: 'arn:aws:secretsmanager:eu-west-1:1:secret:serin/messages/metrics/x-AbCdEf' },
])('does not read %j', async (ref) => {
  await expect(measuring(read, {})(ref)).rejects.toThrow(/is no secret of measurements/);
  // A role of the cluster's measurements may read what it may.
  expect(await measuring(read, { roleArn: 'arn:aws:iam::1:role/m' })(ref)).toBeTruthy();
});
