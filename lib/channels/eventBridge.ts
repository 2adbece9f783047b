import type { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { Transient } from '../errors.ts';
import type { NotificationKind } from '../model/notification.ts';
import { fromTime } from '../model/units.ts';
import { calling, patientSettings, regionOf, type SdkOf } from './awsCall.ts';
import type { Sender } from './channel.ts';

/** What rules match on as `detail-type`. */
const detailTypes: Record<NotificationKind, string> = {
  begun: 'Release Begun',
  paused: 'Release Paused',
  promoted: 'Release Promoted',
  aborted: 'Release Aborted',
  degraded: 'Release Degraded',
  completed: 'Release Completed',
  held: 'Release Held',
  conflictingController: 'Conflicting Controller',
  clusterUnreachable: 'Cluster Unreachable',
};

type Sdk = {
  EventBridgeClient: typeof EventBridgeClient;
  PutEventsCommand: typeof PutEventsCommand;
};
const sdk: SdkOf<Sdk, EventBridgeClient> = {
  load: () => import('@aws-sdk/client-eventbridge'),
  open: ({ EventBridgeClient: Client }, region) => new Client({ region, ...patientSettings }),
};

/** An event bus of the account that its ARN names. */
export const eventBridge: Sender<'eventBridge'> = async ({ bus }, { notification, region }) => {
  const { kind, at } = notification;
  const entry = {
    ...{ EventBusName: bus, Source: 'serin', DetailType: detailTypes[kind] },
    ...{ Time: new Date(fromTime(at)), Detail: JSON.stringify(notification) },
  };
  const what = { what: `event bus ${bus}`, action: 'events:PutEvents on it' };
  const answer = await calling(
    sdk,
    regionOf(bus, region),
    what,
    (client, { PutEventsCommand: Put }) => client.send(new Put({ Entries: [entry] })),
  );
  const [{ ErrorCode, ErrorMessage } = {}] = answer.Entries ?? [];
  if (ErrorCode === undefined) return {};
  throw new Transient(`event bus ${bus}: ${ErrorCode}: ${ErrorMessage}`);
};
