import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { isPassing, type SdkError, sdkWords } from '../aws/aws.ts';
import { credentialsOf } from '../aws/credentials.ts';
import { MissingRight, NotFound, Terminal, Transient } from '../errors.ts';
import { secondMs } from '../model/units.ts';
import type { ElbApi } from './api.ts';

/** Elastic Load Balancing in a region, of the account that `roleArn` is in; of our own without one. */
export function elbApi(account: { region: string; roleArn?: string }): ElbApi {
  const { region } = account;
  const client = new ElasticLoadBalancingV2Client({
    region,
    ...credentialsOf(account),
    // A throttle is waited out by all who call: lib/elb/backOff.ts
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: secondMs,
      requestTimeout: 3 * secondMs,
      throwOnRequestTimeout: true,
    },
  });
  const where = `Elastic Load Balancing in ${region}`;
  const told = async <T>(name: keyof ElbApi, answer: Promise<T>): Promise<T> =>
    await answer.catch((error: SdkError) => {
      throw elbError(error, { name, where });
    });
  return {
    DescribeLoadBalancers: (input) =>
      told('DescribeLoadBalancers', client.send(new DescribeLoadBalancersCommand(input))),
    DescribeListeners: (input) =>
      told('DescribeListeners', client.send(new DescribeListenersCommand(input))),
    DescribeRules: (input) => told('DescribeRules', client.send(new DescribeRulesCommand(input))),
    DescribeTargetGroups: (input) =>
      told('DescribeTargetGroups', client.send(new DescribeTargetGroupsCommand(input))),
    DescribeTags: (input) => told('DescribeTags', client.send(new DescribeTagsCommand(input))),
    DescribeTargetHealth: (input) =>
      told('DescribeTargetHealth', client.send(new DescribeTargetHealthCommand(input))),
  };
}

const goneNames = new Set([
  'LoadBalancerNotFoundException',
  'ListenerNotFoundException',
  'TargetGroupNotFoundException',
  'RuleNotFoundException',
]);
const forbiddenNames = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);
/** Without credentials, or with such as AWS does not know. */
const unknownNames = new Set([
  'CredentialsProviderError',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredToken',
  'ExpiredTokenException',
  'SignatureDoesNotMatch',
]);

/** The error of lib/errors.ts for what a call threw. */
function elbError(error: SdkError, { name, where }: { name: keyof ElbApi; where: string }): Error {
  const said = `${where}: ${sdkWords(error)}`;
  const cause = { cause: error };
  if (goneNames.has(error.name)) return new NotFound(said, cause);
  if (error.name.startsWith('Throttl') || isPassing(error)) return new Transient(said, cause);
  if (forbiddenNames.has(error.name)) {
    const action = /assume/i.test(error.message)
      ? 'this role to assume that one, and that one to be assumed'
      : `the role elasticloadbalancing:${name}`;
    return new MissingRight(said, `allow ${action}`);
  }
  if (unknownNames.has(error.name)) {
    return new MissingRight(said, 'give Serin AWS credentials that are good for that account');
  }
  return new Terminal(said, cause);
}
