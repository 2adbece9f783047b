import { account, region } from './services.ts';
import type { Asked } from './tap.ts';
import { functionsIn, rightsOf, type Template } from './template.ts';

// IAM, which none of the stand-ins has: a call is let by if the role of whoever signed it may make it, as the
// packaged template has the roles.

export const roleOf = (name: string): string => `arn:aws:iam::${account}:role/serin-${name}`;

/** The access key of a function, by its name in serverless.yml. */
export const keyIdOf = (name: string): string => `ASIA${name.toUpperCase()}`;

export type Roles = {
  may: (service: ServiceName, asked: Asked) => boolean;
  /** All that was not allowed: some callers only log it. */
  refused: string[];
};

/** The tests themselves may do everything. */
export function rolesOf(template: Template): Roles {
  const rights = new Map(
    Object.entries(functionsIn(template)).map(([name, made]) => [
      keyIdOf(name),
      rightsOf(template, made),
    ]),
  );
  const refused: string[] = [];
  return {
    may: (service, asked) => {
      const given = rights.get(asked.keyId);
      const needed = neededFor[service](asked);
      if (given === undefined || given.some((right) => covers(right, needed))) return true;
      refused.push(`${asked.keyId} ${needed.right} ${needed.partition ?? ''}`.trim());
      return false;
    },
    refused,
  };
}

/** An action on a resource, in the words of `rightsOf`, and the partition key that the call names. */
type Needed = { right: string; partition?: string };
type ServiceName = 'dynamo' | 'sqs' | 'eks' | 'ssm' | 'cloudwatch' | 'secretsmanager' | 'lambda';

const neededFor: Record<ServiceName, (asked: Asked) => Needed> = {
  dynamo: ({ operation, body }) => {
    const { IndexName, Item, Key } = JSON.parse(body);
    const table = IndexName === undefined ? 'Table' : `Table/index/${IndexName}`;
    return { right: `dynamodb:${operation} on ${table}`, partition: (Item ?? Key)?.pk.S };
  },
  sqs: ({ operation, body }) => {
    const queue = String(JSON.parse(body).QueueUrl).split('/').at(-1);
    return { right: `sqs:${operation} on ${queue === 'serin-wakes' ? 'Wakes' : queue}` };
  },
  // It has paths where others have operations.
  eks: ({ operation }) => {
    const [, name] = /^GET \/clusters\/([^/]+)$/.exec(operation) ?? [];
    if (name === undefined) return { right: `eks: ${operation}` };
    return { right: `eks:DescribeCluster on arn:PARTITION:eks:${region}:ACCOUNT:cluster/${name}` };
  },
  ssm: ({ operation, body }) => {
    const { Name } = JSON.parse(body);
    return { right: `ssm:${operation} on arn:PARTITION:ssm:REGION:ACCOUNT:parameter${Name}` };
  },
  cloudwatch: ({ operation }) => ({ right: `cloudwatch:${operation} on *` }),
  secretsmanager: ({ operation, body }) => {
    const { SecretId } = JSON.parse(body);
    const secret = `arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:${SecretId}`;
    return { right: `secretsmanager:${operation} on ${secret}` };
  },
  // Those of the stack are named by what they are there; others measure.
  lambda: ({ operation, body: name }) => {
    const own = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const other = `arn:PARTITION:lambda:REGION:ACCOUNT:function:${name}`;
    return { right: `lambda:${operation} on ${name.includes('-') ? other : own}` };
  },
};

function covers(given: string, { right, partition = '' }: Needed): boolean {
  const [what = '', partitions = '*'] = given.split(' of ');
  return isLike(right, what) && isLike(partition, partitions);
}

/** IAM's StringLike: `*` is any text. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${source}$`, 's').test(text);
}
