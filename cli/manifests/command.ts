import { type Command, InvalidArgumentError } from 'commander';
import { stringify } from 'yaml';
import { packaged } from '../../lib/packaged.ts';
import { exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { type InCluster, inClusterManifests, knownRouters } from './manifests.ts';

type Options = Omit<InCluster, 'routers' | 'jobs'> & { router: string[]; jobs?: true };

const folder = packaged('infra/cluster');

export function addManifests(program: Command, cli: Cli): void {
  program
    .command('manifests')
    .helpGroup('On a cluster:')
    .summary('print what runs `serin run` in a cluster, for kubectl apply')
    .description(
      'Prints a Namespace, a Deployment of two `serin run` that take turns by a Lease, the rights that it ' +
        'needs and no others, and a PodDisruptionBudget. The image is your own, made from the Dockerfile ' +
        'of the repository. --namespace is where it runs, "serin" if not said; it drives the Rollouts of ' +
        'all namespaces. Its history is kept in memory. Nothing is written to the cluster.',
    )
    .requiredOption('--image <image>', 'the image, with a tag or a digest')
    .option('--instance-id <id>', 'only Rollouts with this controller-instance-id label', '')
    .option(
      '--router <name>',
      'a router whose objects it may change; once for each',
      (router: string, all: string[]) => [...all, routerOf(router)],
      [] as string[],
    )
    .option('--jobs', 'let analyses create Jobs')
    .option('--replicas <n>', 'how many stand by or drive', replicasOf, 2)
    .addHelpText(
      'after',
      `
Examples:
  serin manifests --image registry.example/serin:0.1.0 --router alb | kubectl apply -f -
  kubectl exec -n serin deploy/serin -- /nodejs/bin/node /serin/bin/serin.js list`,
    )
    .action(action<Options>(cli, (call) => manifests(call, cli.namespaces)));
}

async function manifests({ options, io }: Call<Options>, namespaces: string[]) {
  const [namespace = 'serin', ...more] = namespaces;
  if (more.length > 0) throw usageError('it runs in one namespace', 'Name one --namespace.');
  const { image, instanceId, replicas, router: routers, jobs = false } = options;
  const all = { image, instanceId, replicas, routers, jobs, namespace };
  const objects = inClusterManifests(folder, all);
  if (options.output === 'json') {
    sayJson(io, { apiVersion: 'v1', kind: 'List', items: objects });
  } else {
    // kubectl reads YAML 1.1, where a bare y or on is a boolean.
    const how = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 } as const;
    for (const each of objects) io.write(`---\n${stringify(each, how)}`);
  }
  return exitCodes.ok;
}

function routerOf(name: string): string {
  const known = knownRouters(folder);
  if (known.includes(name)) return name;
  throw new InvalidArgumentError(`It must be one of ${known.join(', ')}.`);
}

function replicasOf(text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 to 9.');
}
