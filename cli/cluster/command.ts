import type { Command } from 'commander';
import { tableOption } from '../admin.ts';
import type { Cli } from '../io.ts';
import { action } from '../io.ts';
import { contextOption } from '../kubeconfig.ts';
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
      'Asks EKS for the cluster, registers it, creates the secret URL of its admission webhook (the ' +
        'doorbell), and prints what is left to do in the cluster. Run it again to update what EKS reports.',
    )
    .argument('<name>', "its name in Serin's API")
    .requiredOption('--region <region>', 'the AWS region that it is in')
    .option('--eks-name <name>', 'its name in EKS, if it is not the same')
    .option('--role-arn <arn>', "a role in the cluster's account that Serin assumes")
    .option(
      '--metrics <service...>',
      'Services that measurements may ask through its API server: monitoring/prometheus:9090',
    )
    .option('--no-metrics', 'none any more')
    .option(
      '--metrics-role <arn>',
      'a role that Serin assumes to measure by CloudWatch and others of AWS',
    )
    .option('--no-metrics-role', "the functions' own role again")
    .option('--vpc', 'the functions run in a VPC that reaches its private endpoint')
    .option('--no-doorbell', 'without the admission webhook: Serin polls the cluster every minute')
    .option('--enforce', 'the webhook refuses spec changes that add a fault, instead of a warning')
    .option('--no-enforce')
    .option('--principal <arn>', "the functions' role, for the commands that are printed")
    .option(...tableOption)
    .addHelpText(
      'after',
      `
The webhook's URL starts with the API's address: --server or SERIN_SERVER, https and without a path.

Examples:
  serin cluster add prod --region eu-central-1
  serin cluster add prod --region eu-central-1 --eks-name shop-prod-2
  serin cluster add partner --region us-east-1 --role-arn arn:aws:iam::222222222222:role/serin-cluster
  serin cluster add prod --region eu-central-1 --metrics monitoring/prometheus:9090
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
      'Signs in as Serin does and says what works, what does not, and what to do. If it finds the ' +
        'admission webhook (the doorbell) installed, Serin relies on it from then on. If not, Serin polls.',
    )
    .argument('<name>', 'the cluster')
    .option('--as <arn>', "sign in as the functions' role, if you may assume it")
    .option(
      '--kubeconfig <file>',
      'read with this kubeconfig what Serin itself may not read; --context alone takes those of kubectl',
    )
    .option(...contextOption)
    .option(...tableOption)
    .addHelpText(
      'after',
      `
It exits with 0 if nothing keeps Serin from working, and with 1 if something does.

Examples:
  serin cluster check prod
  serin cluster check prod --context prod`,
    )
    .action(action<CheckOptions>(cli, async (call) => (await commands()).check(call)));
}

function addRemove(cluster: Command, cli: Cli): void {
  cluster
    .command('remove')
    .summary('stop serving a cluster')
    .description(
      'Removes the cluster from the registry and its rollouts from the table; their history stays. In the ' +
        'cluster nothing changes: the command says what to delete there.',
    )
    .argument('<name>', 'the cluster')
    .option('--force', 'also while releases are in progress; they then stop where they are')
    .option(...tableOption)
    .addHelpText('after', '\nExamples:\n  serin cluster remove old')
    .action(action<RemoveOptions>(cli, async (call) => (await commands()).remove(call)));
}

function addRotate(cluster: Command, cli: Cli): void {
  cluster
    .command('rotate')
    .summary("change the secret of a cluster's admission webhook")
    .description('Creates a new secret. The old one is accepted for another 24 hours.')
    .argument('<name>', 'the cluster')
    .option(...tableOption)
    .addHelpText('after', '\nExamples:\n  serin cluster rotate prod')
    .action(action<NameOptions>(cli, async (call) => (await commands()).rotate(call)));
}
