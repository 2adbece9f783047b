import { keyIdOf } from './stage.ts';
import type { Asked } from './tap.ts';
import { rightsOf, type Template } from './template.ts';

// The roles of the packaged template, kept on this machine: the stand-ins of DynamoDB and SQS let
// everybody do everything.

/** What is one function here and several when deployed. */
const deployedAs: Record<string, string[]> = {
  reconcile: ['Reconcile'],
  look: ['Look'],
  sweep: ['Sweep'],
  doorbell: ['Doorbell'],
  hooks: ['Hooks'],
  api: ['ApiReads', 'ApiCommands'],
};

/** Whether the role of whoever signed a call lets them do it. The tests themselves may do everything. */
export function roleGuard(template: Template): (asked: Asked) => boolean {
  const rights = new Map(
    Object.entries(deployedAs).map(([name, ids]) => [
      keyIdOf(name),
      ids.flatMap((id) => rightsOf(template, template.Resources[`${id}LambdaFunction`]!)),
    ]),
  );
  return (asked) => {
    const { right, partition } = neededFor(asked);
    return rights.get(asked.keyId)?.some((each) => covers(each, right, partition)) ?? true;
  };
}

function neededFor({ operation, body }: Asked): { right: string; partition: string } {
  if (/Message/.test(operation)) return { right: `sqs:${operation} on Wakes`, partition: '' };
  const { IndexName, Item, Key } = JSON.parse(body);
  const table = IndexName === undefined ? 'Table' : `Table/index/${IndexName}`;
  const partition = (Item ?? Key)?.pk.S ?? '';
  return { right: `dynamodb:${operation} on ${table}`, partition };
}

function covers(given: string, right: string, partition: string): boolean {
  const [what, pattern] = given.split(' of ');
  if (what !== right) return false;
  if (pattern === undefined) return true;
  return pattern.endsWith('*') ? partition.startsWith(pattern.slice(0, -1)) : partition === pattern;
}
