import * as z from 'zod';
import { defined } from '../model/defined.ts';
import type { Millis } from '../model/units.ts';
import { actorText, faultOf, type Read, statusOf, valuesOf } from './event.ts';

// What any other sender sends, in a form of Serin's own: docs/aws/hooks.md.

const text = z.string().min(1).max(1024);

const payload = z.strictObject({
  /** Another for each event: a delivery with the same body is the same delivery. */
  id: text,
  project: text,
  workflow: text,
  status: z.enum(['success', 'failed', 'canceled']),
  branch: text.optional(),
  tag: text.optional(),
  revision: text.optional(),
  number: z.int().min(0).optional(),
  by: text.optional(),
  values: z.record(z.string().regex(/^[a-z]\w{0,31}$/i), text).optional(),
});

/** `at` is the time that was signed with the body. */
export function readGeneric(body: unknown, at: Millis): Read {
  const parsed = payload.safeParse(body);
  if (!parsed.success) return faultOf('docs/aws/hooks.md', parsed.error.issues);
  const { project, workflow, status, branch, tag, revision, by, values } = parsed.data;
  const number = parsed.data.number === undefined ? undefined : String(parsed.data.number);
  return {
    event: {
      what: 'run',
      project: { id: project, slug: project },
      workflows: [workflow],
      ...defined({ branch, tag }),
      status: statusOf(status),
      said: status,
      at,
      values: { ...values, ...valuesOf({ revision, branch, tag, number }) },
      actor: actorText({
        kind: 'hmac',
        ...{ project, workflow, number, revision },
        ref: branch ?? tag,
        person: by,
      }),
    },
  };
}
