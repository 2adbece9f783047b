import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { SdkError } from '../aws/aws.ts';
import { credentialsOf } from '../aws/credentials.ts';
import type {
  FunctionResult,
  InvokeInput,
  MetricDataAnswer,
  MetricDataInput,
} from '../model/metricCalls.ts';
import { secondMs } from '../model/units.ts';
import type { MetricAws } from '../world.ts';
import type { Account } from './account.ts';
import { measuringError } from './errors.ts';

// Loaded with the first question: see account.ts.

/** No measurement waits longer: a turn has more to do in its time. */
const requestHandler = {
  connectionTimeout: secondMs,
  requestTimeout: 10 * secondMs,
  throwOnRequestTimeout: true,
};
/** A period of a minute has 500 of them in a day. */
const pagesMax = 5;

type Messages = { Code?: string | undefined; Value?: string | undefined }[] | undefined;

function messagesOf(messages: Messages) {
  return (messages ?? []).map(({ Code = '', Value = '' }) => ({ code: Code, value: Value }));
}

/** CloudWatch and Lambda, as the account's role sees them. */
export function metricCalls({ region, roleArn }: Account): MetricAws {
  const at = { ...(region !== undefined && { region }) };
  const role = { region: region ?? process.env.AWS_REGION ?? '', ...(roleArn && { roleArn }) };
  const shared = { ...at, ...credentialsOf(role), requestHandler };
  const cloudWatch = new CloudWatchClient({ ...shared, maxAttempts: 2 });
  // A function that was called must not be called again: what it measures may be more than reading.
  const lambda = new LambdaClient({ ...shared, maxAttempts: 1 });
  return {
    metricData: (input) => metricData(cloudWatch, input),
    invokeFunction: (input) => invoke(lambda, input),
  };
}

async function metricData(
  client: CloudWatchClient,
  { queries, from, to }: MetricDataInput,
): Promise<MetricDataAnswer> {
  const answer: MetricDataAnswer = { results: [], messages: [] };
  let NextToken: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const input = {
      MetricDataQueries: queries as never,
      StartTime: new Date(from),
      EndTime: new Date(to),
      ...(NextToken !== undefined && { NextToken }),
    };
    const found = await client.send(new GetMetricDataCommand(input)).catch((error: SdkError) => {
      throw measuringError(error, { what: 'CloudWatch', action: 'cloudwatch:GetMetricData' });
    });
    answer.messages.push(...messagesOf(found.Messages));
    for (const { Id, Label, StatusCode, Timestamps, Values, Messages } of found.MetricDataResults ??
      []) {
      answer.results.push({
        ...(Id !== undefined && { id: Id }),
        ...(Label !== undefined && { label: Label }),
        ...(StatusCode !== undefined && { statusCode: StatusCode }),
        timestamps: (Timestamps ?? []).map((each) => each.getTime()),
        values: Values ?? [],
        messages: messagesOf(Messages),
      });
    }
    NextToken = found.NextToken || undefined;
    if (NextToken === undefined) return answer;
  }
  return answer;
}

async function invoke(
  client: LambdaClient,
  { functionName, payload }: InvokeInput,
): Promise<FunctionResult> {
  const what = `function ${functionName}`;
  const { Payload, FunctionError } = await client
    .send(new InvokeCommand({ FunctionName: functionName, Payload: payload }))
    .catch((error: SdkError) => {
      throw measuringError(error, { what, action: 'lambda:InvokeFunction on it' });
    });
  return {
    payload: new TextDecoder().decode(Payload),
    ...(FunctionError !== undefined && { functionError: FunctionError }),
  };
}
