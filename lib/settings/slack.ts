import * as z from 'zod';
import { groupName, ref } from './names.ts';

// How a channel leads to Slack. What is said of a fault is the end of a sentence that begins with the path.

const idForm = /^[CG][A-Z0-9]{5,}$/;

const app = z
  .strictObject({
    token: ref,
    channel: z
      .string()
      .regex(
        /^(?:#[\w.-]{1,80}|[CG][A-Z0-9]{5,})$/,
        'must be the id or the name of a channel, such as C0123456789 or #releases',
      ),
    signingSecret: ref.exactOptional(),
    team: z
      .string()
      .regex(/^T[A-Z0-9]{5,}$/, 'must be the id of a workspace, such as T0123456789')
      .exactOptional(),
    groups: z.array(groupName).exactOptional(),
  })
  .superRefine(({ channel, signingSecret, team, groups }, context) => {
    const fault = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (signingSecret === undefined) {
      const why = 'is for clicks, which come signed: add signingSecret, or leave it out';
      if (team !== undefined) fault('team', why);
      if (groups !== undefined) fault('groups', why);
      return;
    }
    if (team === undefined) {
      fault(
        'team',
        'is missing: with signingSecret it is the id of the workspace that clicks come from, such as ' +
          'T0123456789',
      );
    }
    if (!idForm.test(channel)) {
      fault(
        'channel',
        'must be the id of the channel where signingSecret is, such as C0123456789: clicks come from an ' +
          'id, and names change',
      );
    }
  });

export const slackWay = z.union([z.strictObject({ webhook: ref }), app], {
  error:
    'must have webhook, the reference to an incoming webhook’s address; or token, the reference to an ' +
    'app’s bot token, and channel, such as C0123456789 or #releases',
});

export const slackKeys = ['token', 'channel', 'signingSecret', 'team', 'groups'];
