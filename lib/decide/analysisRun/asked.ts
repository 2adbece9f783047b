import type { Argument, Metric } from '../../model/argo.generated.ts';
import { defined } from '../../model/defined.ts';
import { secretOf } from '../../model/httpRequest.ts';
import type { Need, SecretRead } from '../../model/reads.ts';
import type { Millis } from '../../model/units.ts';
import { withArguments, withSecrets } from './arguments.ts';
import type { Due } from './due.ts';
import { type Gathered, unresolved } from './gathered.ts';
import type { Asked } from './providers/provider.ts';
import { takenOf } from './results.ts';

/** The secrets that arguments are made of, by the argument's name. */
export type Secrets = ReadonlyMap<string, string>;

/** A secret that is gone is what was found; one that cannot be read now is read later. */
export function secretNeeds({ seed }: Gathered): Need[] {
  return readsOf(seed.object.spec?.args, namespaceOf(seed)).map(({ read }) => {
    return { read, bears: 'lasting' };
  });
}

function namespaceOf({ key }: Gathered['seed']): string {
  return key.namespace;
}

function readsOf(args: Argument[] = [], namespace: string): { name: string; read: SecretRead }[] {
  return args.flatMap(({ name, valueFrom }) => {
    const ref = valueFrom?.secretKeyRef;
    const { name: secretName = '', key = '' } = ref ?? {};
    return ref ? [{ name, read: { secret: secretOf(namespace, { name: secretName, key }) } }] : [];
  });
}

/** Undefined while one is not answered. The message is the peer's, of a run that ends by it. */
export function secretsIn({
  seed,
  answers,
}: Gathered): { secrets: Secrets } | { message: string } | undefined {
  const secrets = new Map<string, string>();
  for (const { name, read } of readsOf(seed.object.spec?.args, namespaceOf(seed))) {
    const answer = answers.secret(read);
    if (answer === undefined) return undefined;
    if ('ok' in answer) secrets.set(name, answer.ok);
    else {
      const place = 'name' in read.secret ? read.secret.name : '';
      const why = 'failed' in answer ? answer.failed : `secrets "${place}" not found`;
      return { message: `${unresolved}: ${why}` };
    }
  }
  return { secrets };
}

/** A metric that is due, as its provider is asked. Or what is wrong with it once its secrets are in it. */
export function askedOf(
  { seed }: Gathered,
  { index, result, running, metric: known }: Due,
  { secrets, now }: { secrets: Secrets; now: Millis },
): Asked | { message: string } {
  const { metrics = [], args = [] } = seed.object.spec ?? {};
  const metric: Metric = metrics[index] ?? known;
  const resolved = withArguments(metric, withSecrets(args, secrets));
  if ('error' in resolved) return { message: `${unresolved}: ${resolved.error}` };
  return {
    ...{ metric: resolved.metric, run: seed.object, cluster: seed.key.cluster, now },
    count: takenOf(result),
    ...defined({ measurement: running }),
  };
}
