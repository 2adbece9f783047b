import * as z from 'zod/mini';

// What kube-apiserver sends to an admission webhook, and what it wants to hear. Who sends it has proved no
// more than that he can read a URL: nothing in it is taken for more than a hint.

const text = z.string().check(z.maxLength(1024));
/** As Kubernetes names namespaces and objects, so that no key is made of anything else. */
const objectName = z
  .string()
  .check(z.maxLength(253), z.regex(/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)?$/));
/** An owner may be of any kind, such as one whose names have colons; but it is no path. */
const ownerName = z.string().check(z.maxLength(253), z.regex(/^[A-Za-z0-9][\w.:-]*$/));
const owner = z.looseObject({ apiVersion: text, kind: text, name: ownerName, uid: text });

const metadata = z.looseObject({
  name: z.optional(objectName),
  namespace: z.optional(objectName),
  uid: z.optional(text),
  resourceVersion: z.optional(text),
  generation: z.optional(z.number()),
  labels: z.nullish(z.record(z.string(), z.string())),
  ownerReferences: z.nullish(z.array(owner)),
});

const object = z.looseObject({
  metadata,
  spec: z.nullish(z.looseObject({})),
  status: z.nullish(z.looseObject({})),
});

const review = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().check(z.regex(/^[\w-]{1,64}$/)),
    resource: z.object({ group: text, version: text, resource: text }),
    subResource: z.optional(text),
    name: z.optional(objectName),
    namespace: z.optional(objectName),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    userInfo: z.object({ username: z._default(text, ''), groups: z.nullish(z.array(text)) }),
    object: z.nullish(object),
    oldObject: z.nullish(object),
    dryRun: z.optional(z.boolean()),
  }),
});

export type Admission = z.infer<typeof review>['request'];
export type AdmittedObject = z.infer<typeof object>;

/** The request in a review, or what is wrong with the review. */
export function readReview(body: Uint8Array): Admission | { fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return { fault: 'the body is not JSON in UTF-8' };
  }
  const { success, data, error } = review.safeParse(json);
  if (success) return data.request;
  const [issue] = error.issues;
  return { fault: `no AdmissionReview of v1: ${issue?.path.join('.')}: ${issue?.message}` };
}

export type Verdict = { warnings: string[]; denied?: string };

/** The answer to a review, as kube-apiserver reads it. */
export function writeReview(uid: string, { warnings, denied }: Verdict): string {
  const status = { code: 422, reason: 'Invalid', message: denied };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: denied === undefined,
      ...(denied !== undefined && { status }),
      ...(warnings.length > 0 && { warnings }),
    },
  });
}
