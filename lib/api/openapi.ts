import * as z from 'zod';
import { verbs } from '../commands/verbs.ts';
import { answers } from './answerSchemas.ts';
import { type Operation, type OperationId, operations } from './operations.ts';
import { bodies, components, trialBody } from './requestSchemas.ts';

type Json = { [field: string]: unknown };

/** Why an operation may fail, by status. What a status means is the same everywhere. */
const problems: Record<number, string> = {
  400: 'The body is not JSON, or a header is not valid.',
  401: 'No valid token, or no valid signature.',
  403: 'It is known who asks, and no policy permits them to do this.',
  404: 'No such rollout.',
  409: 'The rollout is not as expected, or the command does not fit its state.',
  413: 'The body is too large.',
  415: 'The body is not sent as application/json.',
  422: 'A field is unknown or has a wrong value, or an Idempotency-Key was used for something else.',
  429: 'Too many commands wait to be carried out.',
  503: 'The cluster or the table cannot be reached. The detail holds a kubectl command.',
};

/** The OpenAPI 3.1 document of this API, made from the schemas that check its requests. */
export function openapiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    const method = operation.method.toLowerCase();
    paths[operation.path] = { ...paths[operation.path], [method]: operationObject(id, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Serin',
      version: '1.0.0',
      description:
        'Promote, abort and watch Argo Rollouts of all clusters. Times are milliseconds since the ' +
        'epoch, but for those that Kubernetes keeps as text (format `date-time`), which are RFC 3339. ' +
        'Every error is a problem document (RFC 9457) that says what to do.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: '/', description: 'For callers with a token.' },
      { url: '/iam', description: 'For callers who sign their requests with AWS (SigV4).' },
    ],
    security: [{ bearer: [] }, { sigv4: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        sigv4: { type: 'http', scheme: 'AWS4-HMAC-SHA256' },
      },
      schemas: componentSchemas(),
      responses: Object.fromEntries(
        Object.entries(problems).map(([status, description]) => [
          `Problem${status}`,
          { description, content: { 'application/problem+json': { schema: ref('Problem') } } },
        ]),
      ),
    },
  };
}

function operationObject(id: OperationId, operation: Operation): Json {
  const { summary, verb, ofNamespace } = operation;
  return {
    operationId: id,
    summary,
    parameters: [
      ...pathParameters(operation),
      ...queryParameters(operation),
      ...headers(operation),
    ],
    ...(verb === undefined
      ? {}
      : {
          requestBody: jsonContent(refOf(bodies[verb]), {
            required: !verbs[verb].takes.safeParse({}).success,
          }),
        }),
    ...(ofNamespace?.action && { requestBody: jsonContent(refOf(trialBody), { required: false }) }),
    responses: { ...successes(operation), ...failures(operation) },
  };
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Operation): Json[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}

function headers({ verb, answer }: Operation): Json[] {
  if (verb !== undefined) {
    const description =
      'The same key with the same request is done once, however often it is sent.';
    const schema = { type: 'string', minLength: 1, maxLength: 255 };
    const prefer = {
      ...{ name: 'Prefer', in: 'header', schema: { type: 'string' } },
      description: '`wait=N`: answer after N seconds, with 202 if it is not carried out by then.',
    };
    return [{ name: 'Idempotency-Key', in: 'header', description, schema }, prefer];
  }
  if (!isTagged(answer)) return [];
  const description = 'The ETag of the last answer: 304 if nothing changed since.';
  return [{ name: 'If-None-Match', in: 'header', description, schema: { type: 'string' } }];
}

function isTagged(answer: Operation['answer']): boolean {
  return ['fleet', 'clusters', 'rollout', 'rollouts', 'explanation'].includes(answer);
}

function successes({ verb, answer }: Operation): Json {
  if (answer === 'document') return { 200: { description: 'The document.' } };
  if (answer === 'metrics') {
    const content = { 'text/plain': { schema: { type: 'string' } } };
    return { 200: { description: 'Gauges of the rollouts that the caller may read.', content } };
  }
  const content = jsonContent(refOf(answers[answer]));
  if (answer !== 'command') {
    const ok = { 200: { description: 'What is known.', ...content } };
    return isTagged(answer) ? tagged(ok, answer) : ok;
  }
  const retryAfter = { 'Retry-After': header('Seconds until it is worth asking again.') };
  const location = { Location: header('Where to ask what became of the command.') };
  return {
    200: { description: 'What the command did to the release.', ...content },
    202: {
      description: 'The command is stored and not carried out yet.',
      headers: verb === undefined ? retryAfter : { ...location, ...retryAfter },
      ...content,
    },
  };
}

function header(description: string): Json {
  return { description, schema: { type: 'string' } };
}

function tagged(ok: { 200: Json }, answer: Operation['answer']): Json {
  const description =
    'When it was observed, in milliseconds since the epoch. It may be the only news.';
  const isOne = answer === 'rollout' || answer === 'explanation';
  const headers = !isOne ? {} : { headers: { 'Serin-Observed-At': header(description) } };
  return { 200: { ...ok[200], ...headers }, 304: { description: 'Nothing changed.', ...headers } };
}

function failures({ verb, path, method, answer }: Operation): Json {
  const everywhere = [401, 403];
  const isOfTable = ['fleet', 'clusters', 'metrics'].includes(answer);
  const ofRead = path.includes('{') ? [404, 422, 503] : isOfTable ? [422, 503] : [];
  const ofCommand = [400, 404, 409, 413, 415, 422, 429, 503];
  const ofTrial = [400, 404, 413, 415, 422, 503];
  const own = verb !== undefined ? ofCommand : method === 'POST' ? ofTrial : ofRead;
  const statuses = [...everywhere, ...own];
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
  );
}

function jsonContent(schema: Json, more: Json = {}): Json {
  return { content: { 'application/json': { schema } }, ...more };
}

function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(components, {
    io: 'input',
    uri: (id) => ref(id).$ref,
    override: ({ jsonSchema }) => {
      // The bounds of JavaScript's whole numbers say nothing about the API.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  const named = Object.entries(schemas).map(([id, { $id: _, $schema: __, ...rest }]) => [id, rest]);
  return Object.fromEntries(named);
}

function refOf(schema: z.ZodType): { $ref: string } {
  const { id } = components.get(schema) ?? {};
  if (id === undefined) throw new Error('a schema of the API has no name');
  return ref(id);
}

function ref(id: string): { $ref: string } {
  return { $ref: `#/components/schemas/${id}` };
}
