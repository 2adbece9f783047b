import type { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { calling, patientSettings, type SdkOf } from './awsCall.ts';
import type { Sender } from './channel.ts';
import { letterOf, subjectOf } from './texts.ts';

type Sdk = { SESv2Client: typeof SESv2Client; SendEmailCommand: typeof SendEmailCommand };
const sdk: SdkOf<Sdk, SESv2Client> = {
  load: () => import('@aws-sdk/client-sesv2'),
  open: ({ SESv2Client: Client }, region) => new Client({ region, ...patientSettings }),
};

/** E-mail by SES, from an identity that is verified there. */
export const email: Sender<'email'> = async ({ from, to, region }, sending) => {
  const { notification } = sending;
  const text = (Data: string) => ({ Data, Charset: 'UTF-8' });
  const input = {
    FromEmailAddress: from,
    Destination: { ToAddresses: to },
    Content: {
      Simple: {
        Subject: text(subjectOf(notification)),
        Body: { Text: text(letterOf(notification)) },
      },
    },
  };
  const what = { what: `e-mail from ${from}`, action: 'ses:SendEmail as it' };
  const place = region ?? sending.region;
  await calling(sdk, place, what, (client, { SendEmailCommand: Send }) =>
    client.send(new Send(input)),
  );
  return {};
};
