import { cache } from '../cache.ts';
import { NotFound, NotServed, Terminal } from '../errors.ts';
import { apiVersionOf, type Kind, resourceNameOf, rowOf } from '../model/kinds.ts';
import { type Millis, minuteMs, secondMs } from '../model/units.ts';
import { describe, isRecord, refusal, type Subject } from './answers.ts';
import type { Call, Transport } from './transport.ts';

// What routers define themselves a cluster serves in versions of its own, or not at all. A call is written
// for the version that is preferred, and only where the API server knows no such path is it asked which one
// it has: a cluster with the newest versions is asked nothing.

/** How long it is believed which version a cluster serves; one that it takes away is found at once. */
const lifeMs: Millis = 10 * minuteMs;
/** And that it serves none: somebody may be installing it. */
const noneLifeMs: Millis = 5 * secondMs;

type Answered = { status: number; body?: unknown };

/** Calls about objects of routers go to the version that the cluster serves. */
export function inServedVersions({ send, open }: Transport, now: () => Millis): Transport {
  const chosen = new Map<Kind, string>();
  const served = cache<string | undefined>({
    now,
    read: (kind) => servedVersion(send, kind as Kind),
    lifeMs: (version) => (version === undefined ? noneLifeMs : lifeMs),
  });
  const answered = async <A extends Answered>(
    call: Call,
    go: (call: Call) => Promise<A>,
  ): Promise<A> => {
    const { kind } = call.subject;
    const { versions, ofRouters } = rowOf(kind);
    if (!ofRouters) return await go(call);
    const known = chosen.get(kind) ?? versions[0];
    const answer = await go(inVersion(call, known));
    if (!isNoSuchPath(answer)) return told(call, answer, known);
    // One that was served and is no more: what is remembered is of no use.
    const { value: version } = await (chosen.delete(kind) ? served(kind, 0) : served(kind));
    if (version === undefined) throw notServed(call.subject);
    chosen.set(kind, version);
    return told(call, version === known ? answer : await go(inVersion(call, version)), version);
  };
  return {
    send: (call) => answered(call, send),
    open: (call, signal) => answered(call, (each) => open(each, signal)),
  };
}

/** The first of those that Serin can use; undefined where the cluster serves none of them. */
async function servedVersion(send: Transport['send'], kind: Kind): Promise<string | undefined> {
  const { group, versions, plural } = rowOf(kind);
  const subject: Subject = { verb: 'list', kind, namespace: '' };
  for (const version of versions) {
    const path = `/apis/${group}/${version}`;
    const { status, body } = await send({ subject, path });
    if (status === 404) continue;
    if (status === 403) throw new Terminal(`get ${path}: 403; ${discoveryAdvice}`);
    if (status >= 300) throw refusal(subject, status, body);
    const { resources } = isRecord(body) ? body : {};
    const all: unknown[] = Array.isArray(resources) ? resources : [];
    if (all.some((each) => isRecord(each) && each.name === plural)) return version;
  }
  return undefined;
}

const discoveryAdvice =
  'Serin may not ask what this cluster serves: give it the ClusterRole system:discovery';

function inVersion(call: Call, version: string): Call {
  const { kind, verb } = call.subject;
  const { group } = rowOf(kind);
  const apiVersion = `${group}/${version}`;
  const path = call.path.replace(`/apis/${apiVersionOf(kind)}/`, `/apis/${apiVersion}/`);
  const body = verb === 'create' && call.body && { ...call.body, apiVersion };
  return { ...call, path, ...(body && { body }) };
}

/** It names no object: what is missing is not one of them. */
function isNoSuchPath({ status, body }: Answered): boolean {
  const details = isRecord(body) && isRecord(body.details) ? body.details : {};
  return status === 404 && details.name === undefined;
}

/** Of an object that is missing, in which other version it would be made. */
function told<A extends Answered>({ subject }: Call, answer: A, version: string): A {
  const { group, versions } = rowOf(subject.kind);
  const isMissing = subject.verb === 'get' && answer.status === 404;
  if (!isMissing || version === versions[0]) return answer;
  const { message } = refusal(subject, answer.status, answer.body);
  throw new NotFound(message, { apiVersion: `${group}/${version}` });
}

function notServed(subject: Subject): NotServed {
  const { versions } = rowOf(subject.kind);
  const what = `${resourceNameOf(subject.kind)} in version ${versions.join(' or ')}`;
  return new NotServed(`${describe(subject)}: this cluster does not serve ${what}`);
}
