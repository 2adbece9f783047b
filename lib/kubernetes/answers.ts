import { Conflict, MissingRight, NotFound, Terminal, Transient } from '../errors.ts';
import type { HttpAnswer } from '../model/httpRequest.ts';
import { type Kind, type Kinds, resourceNameOf, rowOf, typeMetaOf } from '../model/kinds.ts';

/** What a call is about: for its path, its messages and the RBAC rule it needs. */
export type Subject = {
  verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete';
  kind: Kind;
  namespace: string;
  name?: string;
  subresource?: string;
};

/** Kubernetes' own account of a failure, as far as it is read here. */
type Status = {
  message?: string;
  reason?: string;
  details?: { causes?: { reason?: string; field?: string }[]; retryAfterSeconds?: number };
};

export function isRecord(value: unknown): value is { [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The message of a Status, undefined where the answer is none. */
export function statusMessage({ headers, body }: Omit<HttpAnswer, 'status'>): string | undefined {
  if (!headers['content-type']?.startsWith('application/json')) return undefined;
  const answer = parsed(body);
  if (!isRecord(answer) || answer.kind !== 'Status' || answer.apiVersion !== 'v1') return undefined;
  return typeof answer.message === 'string' ? answer.message : '';
}

/**
 * Whether the API server itself did not know the caller, and handed nothing on. What is behind it can send a
 * Status as well, but not take away what the API server says of its flow control, which comes after sign-in.
 * https://kubernetes.io/docs/concepts/cluster-administration/flow-control
 */
export function isUnknownCaller(answer: HttpAnswer): boolean {
  const isFurther = answer.headers['x-kubernetes-pf-flowschema-uid'] !== undefined;
  return answer.status === 401 && !isFurther && statusMessage(answer) !== undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An object, which says what it is: of what routers define, in which version the cluster serves it. */
export function typed<K extends Kind>(kind: K, body: object): Kinds[K] {
  const { apiVersion, ...rest } = typeMetaOf(kind);
  const { versions, group, ofRouters } = rowOf(kind);
  const given = ofRouters && 'apiVersion' in body ? body.apiVersion : undefined;
  const served = versions.map((version) => `${group}/${version}`).find((each) => each === given);
  const object: object = { ...body, ...rest, apiVersion: served ?? apiVersion };
  return object as Kinds[K];
}

/** `patch rollouts.argoproj.io/status default/front-api`, as `kubectl auth can-i` has it. */
export function describe({ verb, kind, namespace, name, subresource }: Subject): string {
  const resource = [resourceNameOf(kind), subresource].filter(Boolean);
  // Of a kind that is in no namespace, the name is all there is.
  const place = namespace === '' && name !== undefined ? [name] : [namespace || '*', name];
  return `${verb} ${resource.join('/')} ${place.filter(Boolean).join('/')}`;
}

/** The error for an answer that is not 2xx. `body` is what came, parsed if it was JSON. */
export function refusal(subject: Subject, code: number, body: unknown): Error {
  const status: Status = isRecord(body) ? body : {};
  const said = status.message ?? (typeof body === 'string' ? body.trim().slice(0, 200) : '');
  const text = `${describe(subject)}: ${code}${said === '' ? '' : ` ${said}`}`;
  // A rule the server enforces on itself, such as two budgets for one pod, comes as a 500.
  if (/more than one PodDisruptionBudget/.test(said)) {
    return new Terminal(`${text}; leave the pod one disruption budget`);
  }
  if (code === 409) return new Conflict(text);
  if (code === 404) return notFound(subject, text);
  if (code === 408 || code === 410 || code === 429 || code >= 500) return new Transient(text);
  if (code === 403 && isMissingRight(status)) return missingRight(subject, text);
  return new Terminal(`${text}${code === 401 ? signInAdvice : ''}`);
}

function notFound(subject: Subject, text: string): Error {
  // A list of nothing is empty: not found is the resource itself.
  if (subject.name === undefined && subject.kind === 'Rollout') {
    const install = 'install the CRDs with `serin crds | kubectl apply --server-side -f -`';
    return new Terminal(`${text}; this cluster does not know Rollouts: ${install}`);
  }
  return new NotFound(text);
}

const signInAdvice =
  '; the API server does not accept these credentials: ' +
  'on EKS, give the role that Serin runs as an access entry; elsewhere, sign in again';

function missingRight({ verb, kind, namespace, subresource }: Subject, text: string): Error {
  const { plural, group } = rowOf(kind);
  const resource = [plural, subresource].filter(Boolean).join('/');
  const where = namespace === '' ? 'all namespaces' : `namespace ${namespace}`;
  const advice =
    `; Serin lacks a right: allow the verb "${verb}" on the resource ` +
    `"${resource}" of API group "${group}" in ${where}`;
  const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]}`;
  return new MissingRight(`${text}${advice}`, `add to the ClusterRole of Serin the rule ${rule}`);
}

/** 403 also says that a quota is used up, a namespace is ending, or an admission rule objects. */
function isMissingRight({ message = '' }: Status): boolean {
  return message === '' || /\bcannot \w+ (resource|path)\b/.test(message);
}

/** Whether a 429 is a disruption budget's answer and not a throttle. */
export function isBudgets(body: unknown): boolean {
  const { details }: Status = isRecord(body) ? body : {};
  const causes = Array.isArray(details?.causes) ? details.causes : [];
  return causes.some(({ reason }) => reason === 'DisruptionBudget');
}
