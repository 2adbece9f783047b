import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { withLink } from '../../lib/channels/links.ts';
import { type Notification, notificationKinds } from '../../lib/model/notification.ts';
import type { LedgerEntry, RolloutRecord } from '../../lib/model/record.ts';
import { notificationOf, unreachable } from '../../lib/notify/notification.ts';
import { make, start } from '../make.ts';

// docs/messages.schema.json says what is sent, and docs/messages.md shows it.

const schema = JSON.parse(readFileSync('docs/messages.schema.json', 'utf8'));
const isValid = (message: unknown) => z.fromJSONSchema(schema).safeParse(message).error;
const key = { cluster: 'prod', namespace: 'shop', name: 'web' };

const entry: LedgerEntry = {
  ...{ uid: 'u', kind: 'aborted', resourceVersion: '7', at: start, revision: 2 },
  actor: { name: 'argo', proof: 'reported', isClient: true },
  text: 'aborted',
  reason: 'errors',
  failedBy: [
    {
      ...{ analysisRun: 'run', metric: 'm', measurement: 3, phase: 'Failed', value: '0.2' },
      ...{ message: '', at: '2026-01-31T12:00:00Z' },
    },
  ],
};

it('is what the schema says, and knows all its fields', () => {
  const standing = { currentPodHash: 'bbb', currentStepIndex: 1 };
  const progress = { revision: 2, images: ['web:2'], resourceVersion: '7', ...standing };
  const record = make.record({ progress }) as RolloutRecord;
  const made = notificationOf(key, entry, record) as Notification;
  const message = withLink({ name: 'ops', page: 'https://serin.example/' }, made);
  expect(message.link).toBe('https://serin.example/c/prod/n/shop/r/web?revision=2');
  expect(isValid(message)).toBeUndefined();
  expect(message).toMatchObject({ podHash: 'bbb', stepIndex: 1 });
  // What is known of the rollout by now may be of a later step.
  const later = make.record({ progress: { ...progress, resourceVersion: '8' } }) as RolloutRecord;
  expect(notificationOf(key, entry, later)).not.toHaveProperty('podHash');
  expect(notificationOf(key, entry, later)).not.toHaveProperty('stepIndex');
  expect(Object.keys(message).sort()).toEqual(Object.keys(schema.properties).sort());
  const outage = { since: start, failures: 3, retryAt: start, said: 'no answer' };
  expect(isValid(unreachable('prod', outage))).toBeUndefined();
  expect(isValid({ ...message, kind: 'other' })).toBeDefined();
  expect(schema.properties.kind.enum).toEqual(notificationKinds);
});

it('is in the manual as it is', () => {
  const manual = readFileSync('docs/messages.md', 'utf8');
  const [, example = ''] = /```json\n(\{\n {2}"version"[^`]*)```/.exec(manual) ?? [];
  expect(isValid(JSON.parse(example))).toBeUndefined();
  for (const kind of notificationKinds) expect(manual).toContain(`| \`${kind}\` |`);
});

it('is one and the same for one line of the ledger, and of another another', () => {
  const record = make.record({});
  const ids = [entry, entry, { ...entry, resourceVersion: '8' }, { ...entry, uid: 'v' }].map(
    (each) => notificationOf(key, each, record)?.id,
  );
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(3);
  // Steps, timed pauses and commands are for those who look into the ledger.
  for (const kind of ['step', 'paused', 'command', 'scaled', 'found'] as const) {
    expect(notificationOf(key, { ...entry, kind }, record)).toBeUndefined();
  }
});
