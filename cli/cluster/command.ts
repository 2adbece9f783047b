import type { Command } from 'commander';
import { tableOption } from '../admin.ts';
import type { Cli } from '../io.ts';
import { action } from '../io.ts';
import type { AddOptions, CheckOptions, NameOptions, RemoveOptions } from './clusters.ts';

export function addCluster(program: Command, cli: Cli): void {
  const cluster = program
    .command('cluster')
    .helpGroup('On AWS:')
    .summary('the clusters that Serin serves')
    .description(
      'Says which EKS clusters Serin serves, and checks that it can. These commands are an ' +
        "administrator's: they work on the table with the AWS credentials of the shell, and not " +
        'through the API.',
    );
  addAdd(cluster, cli);
  addList(cluster, cli);
  addCheck(cluster, cli);
  addRemove(cluster, cli);
  addRotate(cluster, cli);
}

/** Loads what no other command needs. */
const commands = () => import('./clusters.ts');

function addAdd(cluster: Command, cli: Cli): void {
  cluster
    .command('add')
    .summary('register a cluster')
    .description(
      'Asks EKS for the cluster, registers it, makes the secret that its doorbell rings with, and prints ' +
        'what is left to do in the cluster. Given again, it writes what EKS says now.',
    )
    .argument('<name>', "its name in Serin's API")
    .requiredOption('--region <region>', 'the AWS region that it is in')
    .option('--eks-name <name>', 'its name in EKS, if another')
    .option('--role-arn <arn>', 'a role that Serin assumes for this cluster, in its account')
    .option('--vpc', 'the functions run in a VPC that reaches its private endpoint')
    .option('--no-doorbell', 'it does not tell of changes: Serin asks it every minute')
    .option('--enforce', 'refuse changes that are wrong in themselves, and not only warn')
    .option('--no-enforce')
    .option('--principal <arn>', "the functions' role, for the commands that are printed")
    .option(...tableOption)
    .addHelpText(
      'after',
      `
The doorbell is at the API's address: --server or SERIN_SERVER, https and without a path of its own.

Examples:
  serin cluster add prod --region eu-central-1
  serin cluster add prod --region eu-central-1 --eks-name shop-prod-2
  serin cluster add partner --region us-east-1 --role-arn arn:aws:iam::222222222222:role/serin-cluster
  serin cluster add inner --region eu-central-1 --vpc --no-doorbell`,
    )
    .action(action<AddOptions>(cli, async (call) => (await commands()).add(call)));
}

function addList(cluster: Command, cli: Cli): void {
  cluster
    .command('list')
    .alias('ls')
    .summary('list the registered clusters')
    .option(...tableOption)
    .addHelpText('after', '\nExamples:\n  serin cluster list\n  serin cluster list -o json')
    .action(action<NameOptions>(cli, async (call) => (await commands()).list(call)));
}

function addCheck(cluster: Command, cli: Cli): void {
  cluster
    .command('check')
    .summary('check that Serin can serve a cluster')
    .description(
      'Signs in as Serin does and says what works, what does not, and what to do. When it finds the ' +
        'doorbell installed, Serin relies on it from then on; when it is gone, Serin polls.',
    )
    .argument('<name>', 'the cluster')
    .option('--as <arn>', "sign in as this role, the functions' own, which you may assume")
    .option('--kubeconfig <file>', 'see with this what Serin itself may not')
    .option('--context <name>', 'which context of that file, if not the current one')
    .option(...tableOption)
    .addHelpText(
      'after',
      `
It ends with 0 when nothing keeps Serin from its work, and with 1 when something does.

Examples:
  serin cluster check prod
  serin cluster check prod --kubeconfig ~/.kube/config --context prod`,
    )
    .action(action<CheckOptions>(cli, async (call) => (await commands()).check(call)));
}

function addRemove(cluster: Command, cli: Cli): void {
  cluster
    .command('remove')
    .summary('serve a cluster no more')
    .description(
      'Takes the cluster out of the registry and forgets its rollouts; their history stays. In the ' +
        'cluster nothing changes: it says what to take away there.',
    )
    .argument('<name>', 'the cluster')
    .option('--force', 'even though releases are under way, which then stand still')
    .option(...tableOption)
    .addHelpText('after', '\nExamples:\n  serin cluster remove old')
    .action(action<RemoveOptions>(cli, async (call) => (await commands()).remove(call)));
}

function addRotate(cluster: Command, cli: Cli): void {
  cluster
    .command('rotate')
    .summary("change the secret of a cluster's doorbell")
    .description('Makes a new secret, and takes the old one for another 24 hours.')
    .argument('<name>', 'the cluster')
    .option(...tableOption)
    .addHelpText('after', '\nExamples:\n  serin cluster rotate prod')
    .action(action<NameOptions>(cli, async (call) => (await commands()).rotate(call)));
}
