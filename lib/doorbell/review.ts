import * as z from 'zod';

// What kube-apiserver sends to an admission webhook, and what it wants to hear. Who sends it has proved no
// more than that he can read a URL: nothing in it is taken for more than a hint.

const text = z.string().max(1024);
/** As Kubernetes names namespaces and objects, so that no key is made of anything else. */
const objectName = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)?$/);
const owner = z.looseObject({ apiVersion: text, kind: text, name: text, uid: text });

const metadata = z.looseObject({
  name: objectName.optional(),
  namespace: objectName.optional(),
  uid: text.optional(),
  resourceVersion: text.optional(),
  generation: z.number().optional(),
  labels: z.record(z.string(), z.string()).nullish(),
  ownerReferences: z.array(owner).nullish(),
});

const object = z.looseObject({
  metadata,
  spec: z.looseObject({}).nullish(),
  status: z.looseObject({}).nullish(),
});

const review = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().regex(/^[\w-]{1,64}$/),
    resource: z.object({ group: text, version: text, resource: text }),
    subResource: text.optional(),
    name: objectName.optional(),
    namespace: objectName.optional(),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    userInfo: z.object({ username: text.default(''), groups: z.array(text).nullish() }),
    object: object.nullish(),
    oldObject: object.nullish(),
    dryRun: z.boolean().optional(),
    options: z.looseObject({ fieldManager: text.optional() }).nullish(),
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
