import { InvalidArgumentError } from 'commander';

export const roleForm = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/** The option of what measures with credentials of AWS that are this machine's. */
export const metricsRoleOption = [
  '--metrics-role <arn>',
  'a role that measures by CloudWatch and others of AWS, with all secrets and functions that it may use ' +
    '(default: these credentials, with serin/metrics/… and serin-metric-… alone)',
  (text: string): string => {
    if (roleForm.test(text)) return text;
    throw new InvalidArgumentError('It must be like arn:aws:iam::222222222222:role/serin-metrics.');
  },
] as const;
