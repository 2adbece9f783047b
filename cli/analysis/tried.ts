import { existsSync } from 'node:fs';
import type { Context } from '../../lib/kubernetes/kubeconfig.ts';
import { defined } from '../../lib/model/defined.ts';
import type { Tried } from '../../lib/model/inquiry.ts';
import type { Env } from '../../server/dataFolder.ts';
import { makeClient, namespacePath } from '../client.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import type { GlobalOptions, Io } from '../io.ts';
import { contextIn, type KubeconfigOptions, namesCluster } from '../kubeconfig.ts';
import { plain } from '../text.ts';
import { templatesFor } from './templates.ts';

export type Asked = GlobalOptions &
  KubeconfigOptions & {
    /** A file, - or a name in the cluster. */
    template: string;
    args: Record<string, string>;
    metric?: string;
    metricsRole?: string;
    clusterScoped?: true;
  };

/** Measured from this machine. */
export async function tryFromHere(asked: Asked, io: Io): Promise<Tried[]> {
  const cluster = clusterOf(asked, io.env);
  const options = { ...asked, hasCluster: cluster !== undefined };
  const known = await templatesFor(asked.template, options, io);
  const [{ tryMetrics }, { outsideOf }] = await Promise.all([
    import('../../lib/trial/try.ts'),
    import('./outside.ts'),
  ]);
  const { args, metric } = asked;
  const namespace = asked.namespace ?? cluster?.namespace ?? 'default';
  const trial = { ...known, namespace, args, now: Date.now, ...defined({ metric }) };
  const answer = await tryMetrics(
    trial,
    outsideOf(cluster, defined({ roleArn: asked.metricsRole })),
  );
  if ('tried' in answer) return answer.tried;
  const said = answer.faults.join('\n').replaceAll('give it in args', 'give it with --arg');
  throw new CliError(plain(said), {
    exitCode: exitCodes.refused,
    hint: '`serin lint` says more of a template in a file.',
  });
}

/** The cluster that was named; of a template that is no file, the one that kubectl would ask. */
function clusterOf(asked: Asked, env: Env): Context | undefined {
  const isFile = asked.template === '-' || existsSync(asked.template);
  const isPath = /[/.]ya?ml$|\.json$|\//.test(asked.template);
  if (!namesCluster(asked) && (isFile || isPath)) return undefined;
  return contextIn(asked, env);
}

/** Measured by the server, of a template that is in the cluster. */
export async function tryRemote(asked: Asked, io: Io): Promise<Tried[]> {
  const { template, args, metric, clusterScoped } = asked;
  if (namesCluster(asked)) {
    throw usageError(
      '--kubeconfig and --context are for a trial from here',
      'Leave them out, or leave out --remote.',
    );
  }
  if (asked.metricsRole !== undefined) {
    throw usageError(
      '--metrics-role is for a trial from here',
      'Leave it out: the server has its own, by `serin cluster add` or `serin run`.',
    );
  }
  if (template === '-' || template.includes('/') || existsSync(template)) {
    throw usageError(
      `with --remote the template is one of the cluster, and ${template} is a file`,
      'Apply it and give its name, or leave out --remote.',
    );
  }
  const client = makeClient(asked, io);
  const { cluster, namespace } = client.connection;
  const place = { cluster, namespace };
  const path = namespacePath(place, 'analysistemplates', template, 'try');
  const body = { args, ...defined({ metric, clusterScoped }) };
  const answer = await client.post<{ items: Tried[] }>(path, body);
  return answer.body?.items ?? [];
}
