import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { describe, expect, it } from 'vitest';

// Terraform's providers cannot be fetched where these tests run, so nothing is planned. The files are parsed
// by HashiCorp's own parser, and what one names must be in another.

const root = join(import.meta.dirname, '..', '..', 'infra', 'terraform');

type Block = Record<string, unknown>;
type Module = {
  text: string;
  variable: Record<string, Block[]>;
  output: Record<string, Block[]>;
  resource: Record<string, Record<string, Block[]>>;
  data: Record<string, Record<string, Block[]>>;
  module: Record<string, Block[]>;
  locals: Block[];
};

async function moduleIn(folder: string): Promise<Module> {
  const files = globSync('*.tf', { cwd: folder }).sort();
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  const parsed = await Promise.all(texts.map((text, index) => parse(files[index] ?? '', text)));
  const all = parsed as Partial<Module>[];
  const merged = <K extends 'variable' | 'output' | 'module'>(kind: K): Module[K] =>
    Object.assign({}, ...all.map((each) => each[kind] ?? {}));
  const typed = (kind: 'resource' | 'data'): Module['resource'] => {
    const found: Module['resource'] = {};
    for (const each of all) {
      for (const [type, named] of Object.entries(each[kind] ?? {})) {
        found[type] = { ...found[type], ...named };
      }
    }
    return found;
  };
  return {
    text: texts.join('\n').replaceAll(/^\s*#.*$/gm, ''),
    ...{ variable: merged('variable'), output: merged('output'), module: merged('module') },
    ...{ resource: typed('resource'), data: typed('data') },
    locals: all.flatMap((each) => each.locals ?? []),
  };
}

/** What expressions name, by a pattern with one or two names in it. */
function named({ text }: Module, pattern: RegExp): string[] {
  const found = [...text.matchAll(pattern)].map((match) => match.slice(1).join('.'));
  return [...new Set(found)].sort();
}

function declared(typed: Module['resource']): string[] {
  return Object.entries(typed).flatMap(([type, each]) =>
    Object.keys(each).map((n) => `${type}.${n}`),
  );
}

const modules = { 'the module': root, 'the example': join(root, 'examples', 'clusters') };

describe.each(Object.entries(modules))('%s', (_, folder) => {
  it('names only what there is, and uses all its variables', async () => {
    const found = await moduleIn(folder);
    expect(named(found, /\bvar\.(\w+)/g)).toEqual(Object.keys(found.variable).sort());
    expect(named(found, /\blocal\.(\w+)/g)).toEqual(found.locals.flatMap(Object.keys).sort());
    const things = named(found, /(?<![\w.])((?:aws|helm)_\w+)\.(\w+)/g);
    expect(declared(found.resource)).toEqual(expect.arrayContaining(things));
    expect(declared(found.data)).toEqual(
      expect.arrayContaining(named(found, /\bdata\.(\w+)\.(\w+)/g)),
    );
  });

  it('says of each variable and output what it is', async () => {
    const { variable, output } = await moduleIn(folder);
    for (const [block] of Object.values(variable)) {
      expect(block).toMatchObject({ description: expect.any(String), type: expect.any(String) });
    }
    for (const [block] of Object.values(output)) {
      expect(block).toMatchObject({ description: expect.any(String), value: expect.any(String) });
    }
  });
});

describe('the module', () => {
  it('puts the role in the group that infra/cluster gives its rights to', async () => {
    const { resource, locals } = await moduleIn(root);
    const [entry] = resource.aws_eks_access_entry?.serin ?? [];
    expect(entry).toMatchObject({
      kubernetes_groups: [expect.stringContaining('local.group')],
      type: 'STANDARD',
    });
    const [{ group }] = locals as [{ group: string }];
    const rbac = readFileSync(join(root, '..', 'cluster', 'rbac.yaml'), 'utf8');
    expect(rbac).toContain(`name: ${group}\n`);
  });

  it('applies the chart that is there, and hides the secret', async () => {
    const { resource, variable } = await moduleIn(root);
    const [release] = resource.helm_release?.serin ?? [];
    const [, folder = ''] = /path\.module\}\/([^"]+)"/.exec(String(release?.chart)) ?? [];
    expect(existsSync(join(root, folder, 'Chart.yaml'))).toBe(true);
    expect(variable.doorbell_url?.[0]).toMatchObject({ sensitive: true });
    expect(String(release?.values)).toContain('doorbell = { url = var.doorbell_url }');
  });

  it('is given by its example what it asks for', async () => {
    const { variable } = await moduleIn(root);
    const { module } = await moduleIn(modules['the example']);
    const required = Object.keys(variable).filter(
      (name) => !('default' in (variable[name]?.[0] ?? {})),
    );
    expect(Object.keys(module)).toHaveLength(3);
    for (const [block = {}] of Object.values(module)) {
      const { source, providers, ...inputs } = block;
      expect(source).toBe('../..');
      expect(Object.keys(providers as Block).sort()).toEqual(['aws', 'helm']);
      expect(Object.keys(variable)).toEqual(expect.arrayContaining(Object.keys(inputs)));
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(required));
    }
  });
});
