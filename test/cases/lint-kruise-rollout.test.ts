import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serin, temporaryFolder } from '../cli/support.ts';

const kruise = 'test/cases/lint-kruise-rollout.yaml';

function file(text: string): string {
  const path = join(temporaryFolder(), 'some.yaml');
  writeFileSync(path, text);
  return path;
}

describe("another group's Rollout", () => {
  it('is passed over', async () => {
    const { code, out } = await serin(['lint', kruise]);
    expect(out).toBe(`${kruise}: no Rollout, passed over: Rollout of rollouts.kruise.io/v1beta1\n`);
    expect(code).toBe(0);
  });

  it('is passed over beside one of Argo', async () => {
    const both = `${readFileSync(kruise, 'utf8')}---\n${readFileSync('examples/front-api.yaml', 'utf8')}`;
    const path = file(both);
    expect(await serin(['lint', path])).toMatchObject({
      code: 0,
      out: `${path}: 1 Rollout, nothing wrong\n`,
    });
    const release = ['simulate', path, '--image', 'front-api=front-api:2', '--json'];
    const { code, out } = await serin(release);
    expect(JSON.parse(out)).toMatchObject({ name: 'front-api', phase: 'Paused' });
    expect(code).toBe(0);
  });

  it.each([
    ['apps.kruise.io/v1alpha1', 0, /no Rollout, passed over/],
    ['argoproj.io/v1alpha2', 1, /:2: apiVersion must be argoproj.io\/v1alpha1/],
    ['argoprj.io/v1alpha1', 1, /:2: apiVersion must be argoproj.io\/v1alpha1, not "argoprj/],
    ['v1alpha1', 1, /:2: apiVersion must be argoproj.io\/v1alpha1, not "v1alpha1"/],
  ])('of %s ends with %i', async (apiVersion, exit, expected) => {
    const text = readFileSync('examples/front-api.yaml', 'utf8');
    const path = file(text.replace('argoproj.io/v1alpha1', apiVersion));
    const { code, out } = await serin(['lint', path]);
    expect(out).toMatch(expected);
    expect(code).toBe(exit);
  });

  it('has a namesake among Services: one of Knative is no Service here', async () => {
    const knative =
      'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: front-api}\n' +
      'spec: {template: {spec: {containers: [{image: a}]}}}\n';
    const path = file(`${knative}---\n${readFileSync('examples/front-api.yaml', 'utf8')}`);
    const release = ['simulate', path, '--image', 'front-api=front-api:2', '--json'];
    expect(await serin(release)).toMatchObject({ code: 0, err: '' });
  });
});
