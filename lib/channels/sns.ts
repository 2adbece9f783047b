import type { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { clipped } from '../model/text.ts';
import { calling, patientSettings, regionOf, type SdkOf } from './awsCall.ts';
import type { Sender } from './channel.ts';
import { letterOf, subjectOf } from './texts.ts';

type Sdk = { SNSClient: typeof SNSClient; PublishCommand: typeof PublishCommand };
const sdk: SdkOf<Sdk, SNSClient> = {
  load: () => import('@aws-sdk/client-sns'),
  open: ({ SNSClient: Client }, region) => new Client({ region, ...patientSettings }),
};
const subjectMax = 99;

/** A topic. Its subscribers get the message as JSON, but those by e-mail as a letter. */
export const sns: Sender<'sns'> = async ({ topic }, { notification, region }) => {
  const { id, kind, cluster, namespace, rollout, uid = cluster } = notification;
  const named = Object.entries({ kind, cluster, namespace, rollout });
  const attributes = named.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, { DataType: 'String', StringValue: value }]],
  );
  const input = {
    TopicArn: topic,
    // Printable ASCII alone, as SNS asks for.
    Subject: clipped(subjectOf(notification), subjectMax).replaceAll(/[^ -~]/g, '.'),
    MessageStructure: 'json',
    Message: JSON.stringify({
      default: JSON.stringify(notification),
      email: letterOf(notification),
    }),
    MessageAttributes: Object.fromEntries(attributes),
    ...(topic.endsWith('.fifo') && { MessageGroupId: uid, MessageDeduplicationId: id }),
  };
  const what = { what: `topic ${topic}`, action: 'sns:Publish on it' };
  await calling(sdk, regionOf(topic, region), what, (client, { PublishCommand: Publish }) =>
    client.send(new Publish(input)),
  );
  return {};
};
