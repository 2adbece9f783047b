import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Parts } from '../cases/templates.ts';

type Entry = Parts & { what: string };

const file = new URL('lintRules.yaml', import.meta.url);

type Wrong = Entry & { at: string };
type Rules = { wrong: Wrong[]; wrongLater: Wrong[]; right: Entry[]; rightByPolicy: Entry[] };

const written: Rules = parse(readFileSync(file, 'utf8'));

/** More than half of what the annotations of an object may be. */
const half = 'x'.repeat(140 * 1024);
const withCanary = (annotations: object) => ({
  strategy: { canary: { canaryMetadata: { annotations } } },
});
const role = 'spec.strategy.canary.canaryMetadata';

const tooLong: Wrong[] = [
  {
    what: 'annotations of a canary that are too many with those of the template',
    at: `${role}.annotations`,
    template: { labels: { app: 'lint' }, annotations: { a: half } },
    spec: withCanary({ b: half }),
  },
  {
    what: 'annotations of a canary that are too many with those of the Rollout',
    at: role,
    metadata: { annotations: { a: half } },
    spec: withCanary({ b: half }),
  },
  {
    what: 'annotations of a canary that are too many once they are quoted',
    at: role,
    spec: withCanary({ b: half.replaceAll('x', '"') }),
  },
  {
    what: 'annotations of a canary that are too many alone',
    at: `${role}.annotations`,
    spec: withCanary({ b: half, c: half }),
  },
  {
    what: 'annotations of a template that are too many alone',
    at: 'spec.template.metadata.annotations',
    template: { labels: { app: 'lint' }, annotations: { a: half, b: half } },
    spec: withCanary({ c: '' }),
  },
  {
    what: 'annotations of the Rollout that are too many alone',
    at: 'metadata.annotations',
    metadata: { annotations: { a: half, b: half } },
  },
  {
    what: 'annotations of either role that are too many with those of the template',
    at: 'spec.strategy.canary.stableMetadata.annotations',
    template: { labels: { app: 'lint' }, annotations: { a: half } },
    spec: {
      strategy: {
        canary: {
          canaryMetadata: { annotations: { b: half } },
          stableMetadata: { annotations: { b: half } },
        },
      },
    },
  },
  {
    what: 'annotations that leave no room for what a ReplicaSet notes',
    at: 'metadata.annotations',
    metadata: { annotations: { a: 'x'.repeat(256 * 1024 - 1) } },
  },
];

export const lintRules: Rules = { ...written, wrong: [...written.wrong, ...tooLong] };
