import { secondMs } from '../../lib/model/units.ts';

/** A resource of a CloudFormation template; what is in it depends on its type. */
// biome-ignore lint/suspicious/noExplicitAny: a tree of CloudFormation's
export type Resource = { Type: string; Properties: Record<string, any>; DependsOn?: string[] };
export type Template = { Resources: Record<string, Resource> };

/** The one condition in use: which partitions of the table, and that the request names one. */
type LeadingKeys = {
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': string[] };
  Null: { 'dynamodb:LeadingKeys': string };
};
type Statement = {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  NotAction?: unknown;
  Condition?: LeadingKeys;
};
type Conditional = { 'Fn::If': [condition: string, then: Statement, otherwise: unknown] };

/** The functions, by their names in serverless.yml. */
export function functionsIn({ Resources }: Template): Record<string, Resource> {
  const isFunction = ([, { Type }]: [string, Resource]) => Type === 'AWS::Lambda::Function';
  const found = Object.entries(Resources).filter(isFunction);
  return Object.fromEntries(found.map(([id, made]) => [nameOf(id), made]));
}

function nameOf(id: string): string {
  const name = id.replace('LambdaFunction', '');
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

/** How a function is deployed: its bundle, its memory, its limits, and which others it is told of. */
export function deploymentOf(template: Template, name: string) {
  const found = functionsIn(template)[name];
  if (!found) throw new Error(`serverless.yml has no function ${name}`);
  const { Properties } = found;
  const variables: Record<string, string> = Properties.Environment.Variables;
  const others = Object.entries(variables).filter(([key]) => key.endsWith('_FUNCTION'));
  const [, bundle = ''] = /^dist\/functions\/(\w+)\//.exec(Properties.Handler) ?? [];
  return {
    bundle,
    memoryMb: Number(Properties.MemorySize),
    timeoutMs: Number(Properties.Timeout) * secondMs,
    concurrency: Number(Properties.ReservedConcurrentExecutions),
    // Here they are called without the stack's prefix.
    env: Object.fromEntries(others.map(([key, value]) => [key, value.replace(/^.*-/, '')])),
  };
}

/** How Lambda polls the queue of wakes. */
export function queueSourceOf({ Resources }: Template) {
  const { BatchSize, ScalingConfig } = Resources.ReconcileEventSourceMappingSQSWakes!.Properties;
  return {
    batchSize: Number(BatchSize),
    maximumConcurrency: Number(ScalingConfig.MaximumConcurrency),
  };
}

/**
 * All that a function may do, one `ACTION on RESOURCE` each, sorted; of the table's partitions with
 * `of PATTERN`, of what only some deployments have with its condition.
 */
export function rightsOf({ Resources }: Template, { Properties }: Resource): string[] {
  const id = Properties.Role['Fn::GetAtt'][0];
  const policies = Resources[id]?.Properties.Policies ?? [];
  const statements: (Statement | Conditional)[] = policies.flatMap(
    (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
  );
  return statements.flatMap(rights).sort();
}

function rights(statement: Statement | Conditional): string[] {
  if ('Fn::If' in statement) {
    const [condition, then] = statement['Fn::If'];
    return rights(then).map((right) => `${right} ${condition}`);
  }
  const { Effect, Action, Resource, Condition, ...rest } = statement;
  if (Effect !== 'Allow' || Object.keys(rest).length > 0) {
    throw new Error(`a statement that this cannot read: ${JSON.stringify(statement)}`);
  }
  const resources = Array.isArray(Resource) ? Resource : [Resource];
  const actions = Array.isArray(Action) ? Action : [Action];
  const partitions = Condition === undefined ? [''] : partitionsIn(Condition);
  return actions.flatMap((action) =>
    resources.flatMap((each) => partitions.map((of) => `${action} on ${named(each)}${of}`)),
  );
}

function partitionsIn(condition: LeadingKeys): string[] {
  const { 'ForAllValues:StringLike': keys, Null: absent, ...others } = condition;
  // ForAllValues by itself lets a request by that names none.
  const isNamed = absent?.['dynamodb:LeadingKeys'] === 'false';
  if (keys === undefined || !isNamed || Object.keys(others).length > 0) {
    throw new Error(`a condition that this cannot read: ${JSON.stringify(condition)}`);
  }
  return keys['dynamodb:LeadingKeys'].map((key) => ` of ${key}`);
}

/** A resource in words: its logical id, or the ARN with what CloudFormation fills in. */
function named(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const {
    'Fn::GetAtt': attribute,
    'Fn::Sub': text,
    Ref,
  } = resource as {
    Ref?: string;
    'Fn::GetAtt'?: [string, string];
    'Fn::Sub'?: string;
  };
  if (attribute?.[1] === 'Arn') return attribute[0].replace('LambdaFunction', '');
  // What a parameter lists.
  if (Ref !== undefined) return Ref;
  if (text === undefined)
    throw new Error(`a resource of no known form: ${JSON.stringify(resource)}`);
  const group = text.match(/^\$\{(\w+)LogGroup\.Arn\}$/)?.[1];
  if (group !== undefined) return `log group ${group}`;
  return text
    .replace(/\$\{AWS::(\w+)\}/g, (_, name) => name.toUpperCase().replace('ACCOUNTID', 'ACCOUNT'))
    .replace(/\$\{(\w+)\.Arn\}/g, '$1');
}
