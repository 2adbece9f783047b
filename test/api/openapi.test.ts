import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answers } from '../../lib/api/answerSchemas.ts';
import { openapiDocument } from '../../lib/api/openapi.ts';
import { operations } from '../../lib/api/operations.ts';
import { closing, key, makeApi, path } from './support.ts';

type Json = { [field: string]: unknown };

describe('the OpenAPI document', () => {
  const document = openapiDocument() as { openapi: string; paths: Record<string, Json> } & Json;

  it('is committed as it is (else: node scripts/generate-openapi.ts)', () => {
    expect(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))).toEqual(document);
  });

  it('is served as it is', async () => {
    const { status, body } = await (await makeApi()).get('/v1/openapi.json');
    expect([status, body]).toEqual([200, document]);
  });

  it('has every operation', () => {
    expect(document.openapi).toBe('3.1.0');
    const listed = Object.entries(document.paths).flatMap(([where, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${where}`),
    );
    const known = Object.values(operations).map(({ method, path: where }) => `${method} ${where}`);
    expect(listed.sort()).toEqual(known.sort());
  });

  it("says of Kubernetes' own times that they are text", () => {
    const { info, components } = document as unknown as {
      info: { description: string };
      components: { schemas: Record<string, { properties: Json }> };
    };
    const { Rollout, ReplicaSet, Restart } = components.schemas;
    const format = 'date-time';
    expect(Rollout?.properties.pauseStart).toMatchObject({ anyOf: [{ format }, { type: 'null' }] });
    expect(ReplicaSet?.properties.scaleDownDeadline).toMatchObject({ type: 'string', format });
    expect(Restart?.properties.at).toMatchObject({ type: 'string', format });
    expect(info.description).toMatch(/Times are milliseconds since the epoch, but for .* RFC 3339/);
  });

  it('refers to nothing that it does not hold', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, reference = ''] of references) {
      const steps = reference.replace('#/', '').split('/');
      const found = steps.reduce<unknown>((at, step) => (at as Json | undefined)?.[step], document);
      expect(found, reference).toBeDefined();
    }
  });
});

describe('what the API answers fits the schemas it is described by', () => {
  it.each([
    ['a rollout', path, answers.rollout],
    ['an explanation', `${path}/explain`, answers.explanation],
    ['the list', '/v1/clusters/prod/namespaces/shop/rollouts', answers.rollouts],
    ['the history', `${path}/history`, answers.history],
    ['the fleet', '/v1/rollouts', answers.fleet],
    ['the clusters', '/v1/clusters', answers.clusters],
    ['who asks', '/v1/me', answers.me],
    ['a problem', '/nowhere', answers.problem],
  ])('%s', async (_name, target, schema) => {
    const api = await makeApi();
    const entry = { uid: 'u', kind: 'step', resourceVersion: '1', at: 1, revision: 1 } as const;
    const actor = { name: 'ada', proof: 'reported' } as const;
    const pause = { askedMs: 1000, keptMs: 1000 };
    await api.memory.append(key, { ...entry, actor, text: 'step 1', merged: true, pause });
    const { body } = await api.get(target);
    // Parsing leaves out what a schema does not know.
    expect(schema.parse(body)).toEqual(body);
  });

  it('a command, open and done', async () => {
    const api = await makeApi({ effect: closing({ detail: 'Promoted.' }) });
    const { body } = await api.post('promote', { body: { full: true, reason: 'fine' } });
    expect(answers.command.parse(body)).toEqual(body);
    const open = (await (await makeApi()).post('abort')).body;
    expect(answers.command.parse(open)).toEqual(open);
  });
});
