import * as z from 'zod';

/** What policies call a group of callers that the settings name. */
export const groupName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'must be a name of letters, digits, dots, dashes and underscores');

const named =
  /^(?:ssm:\/[\w./-]{1,1000}|secretsmanager:[\w/+=.@-]{1,512}(?:#[\w.-]+)?|env:[A-Za-z_]\w*)$/;
/** The text of a settings document is kept in the table, and shown. */
export const ref = z
  .string()
  .regex(
    named,
    'must say where the value is, and not hold the value itself: ssm:/serin/messages/NAME, ' +
      'secretsmanager:serin/messages/NAME#KEY, or env:NAME of `serin run`',
  );
