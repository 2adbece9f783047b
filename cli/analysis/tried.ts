import { existsSync } from 'node:fs';
import { defined } from '../../lib/model/defined.ts';
import type { Tried } from '../../lib/model/inquiry.ts';
import { makeClient, namespacePath } from '../client.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import type { GlobalOptions, Io } from '../io.ts';
import { plain } from '../text.ts';
import { templatesFor } from './templates.ts';

export type Asked = GlobalOptions & {
  /** A file, - or a name in the cluster. */
  template: string;
  args: Record<string, string>;
  metric?: string;
  kubeconfig?: string;
  context?: string;
  clusterScoped?: true;
};

/** Measured from this machine. */
export async function tryFromHere(asked: Asked, io: Io): Promise<Tried[]> {
  const known = await templatesFor(asked.template, asked, io);
  const [{ tryMetrics }, { outsideOf }] = await Promise.all([
    import('../../lib/trial/try.ts'),
    import('./outside.ts'),
  ]);
  const { namespace, args, metric } = asked;
  const trial = { ...known, namespace, args, now: Date.now, ...defined({ metric }) };
  const answer = await tryMetrics(trial, outsideOf(asked));
  if ('tried' in answer) return answer.tried;
  const said = answer.faults.join('\n').replaceAll('give it in args', 'give it with --arg');
  throw new CliError(plain(said), {
    exitCode: exitCodes.refused,
    hint: '`serin lint` says more of a template in a file.',
  });
}

/** Measured by the server, of a template that is in the cluster. */
export async function tryRemote(asked: Asked, io: Io): Promise<Tried[]> {
  const { template, namespace, args, metric, clusterScoped, kubeconfig } = asked;
  if (kubeconfig !== undefined) {
    throw usageError(
      '--kubeconfig is for a trial from here',
      'Leave it out, or leave out --remote.',
    );
  }
  if (template === '-' || template.includes('/') || existsSync(template)) {
    throw usageError(
      `with --remote the template is one of the cluster, and ${template} is a file`,
      'Apply it and give its name, or leave out --remote.',
    );
  }
  const client = makeClient(asked, io);
  const place = { cluster: client.connection.cluster, namespace };
  const path = namespacePath(place, 'analysistemplates', template, 'try');
  const body = { args, ...defined({ metric, clusterScoped }) };
  const answer = await client.post<{ items: Tried[] }>(path, body);
  return answer.body?.items ?? [];
}
