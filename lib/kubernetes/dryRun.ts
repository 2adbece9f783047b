import { MissingRight } from '../errors.ts';
import type { ReplicaSet, Rollout } from '../model/argo.generated.ts';
import { typeMetaOf } from '../model/kinds.ts';
import { fieldManager } from '../model/names.ts';
import { isRecord, refusal, type Subject } from './answers.ts';
import { pathOf } from './paths.ts';
import { type Credentials, type Transport, transport } from './transport.ts';

/** What an API server has against an object. `path` is '' where it names no field. */
export type Objection = { path: string; message: string };

type Creatable = { Rollout: Rollout; ReplicaSet: ReplicaSet };

/** A cluster that is asked whether it would take an object, without writing one. */
export type Judge = <K extends keyof Creatable>(
  kind: K,
  namespace: string,
  object: Creatable[K],
) => Promise<Objection[]>;

type Status = {
  reason?: string;
  message?: string;
  details?: { kind?: string; causes?: { field?: string; message?: string }[] };
};

const timeoutMs = 10_000;

/** Rejects with Terminal or Transient where the cluster gave no verdict, for want of a right too. */
export function judgeOf({ userAgent, ...credentials }: Credentials & { userAgent: string }): Judge {
  const { send } = transport(credentials, { userAgent, timeoutMs });
  return async (kind, namespace, object) => {
    const strict = await ask(send, { kind, namespace, object, fieldValidation: 'Strict' });
    const unknown = strict.filter(({ message }) => message === unknownField);
    // Of an object with unknown fields nothing else is said.
    if (unknown.length === 0) return strict;
    return [
      ...unknown,
      ...(await ask(send, { kind, namespace, object, fieldValidation: 'Ignore' })),
    ];
  };
}

type Asked = {
  kind: keyof Creatable;
  namespace: string;
  object: object;
  fieldValidation: 'Strict' | 'Ignore';
};

async function ask(
  send: Transport['send'],
  { kind, namespace, object, fieldValidation }: Asked,
): Promise<Objection[]> {
  const subject: Subject = { verb: 'create', kind, namespace };
  const { status, body } = await send({
    subject,
    path: pathOf(kind, { namespace }),
    query: { fieldManager, dryRun: 'All', fieldValidation },
    body: { ...object, ...typeMetaOf(kind) },
  });
  if (status < 300) return [];
  const said: Status = isRecord(body) ? body : {};
  // That there is one already is found out last, after everything that could be wrong.
  if (status === 409 && said.reason === 'AlreadyExists') return [];
  if (status === 404 && said.details?.kind === 'namespaces') {
    return [{ path: 'metadata.namespace', message: said.message ?? 'is not found' }];
  }
  const error = refusal(subject, status, body);
  const isVerdict = status === 400 || status === 403 || status === 422;
  if (!isVerdict || error instanceof MissingRight) throw error;
  return objectionsOf(said);
}

const unknownField = 'unknown field';

function objectionsOf({ message = 'refused', details }: Status): Objection[] {
  const unknown = [...message.matchAll(/unknown field "([^"]+)"/g)];
  if (unknown.length > 0) {
    return unknown.map(([, path = '']) => ({ path, message: unknownField }));
  }
  // One of no field only says that there may be more to say.
  const causes = (details?.causes ?? []).filter(({ field }) => field !== '<nil>');
  if (causes.length === 0) return [{ path: '', message }];
  return causes.map((cause) => ({ path: cause.field ?? '', message: cause.message ?? message }));
}
