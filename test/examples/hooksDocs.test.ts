import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hookList } from '../../lib/hooks/settings.ts';
import { start } from '../api/support.ts';
import { circleci } from '../hooks/payloads.ts';
import { makeHook, makeHooks, makeRule, setsImage, signed } from '../hooks/support.ts';

const page = readFileSync('docs/aws/hooks.md', 'utf8');

function block(language: string, holding: string): string {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.find(([, name, text = '']) => name === language && text.includes(holding));
  return found?.[2] ?? '';
}

describe('docs/aws/hooks.md', () => {
  const settings = parse(block('yaml', 'hooks:')).hooks;

  it('has settings that are taken, and that do what it says', async () => {
    const [hook] = hookList.parse(settings);
    const here =
      hook?.rules.map((rule) => ({ ...rule, do: { ...rule.do, cluster: 'prod' } })) ?? [];
    const hooks = await makeHooks([{ ...makeHook('circleci'), rules: here }]);
    const told = await hooks.send(signed('circleci', circleci()));
    expect(told.body.rules.map(({ result }: { result: string }) => result)).toEqual([
      'done',
      'nothing',
      'nothing',
    ]);
    expect(page).toContain(told.body.actor);
  });

  it('has a body of one’s own, and the way to sign it', async () => {
    const body = block('json', 'run-17').trim();
    const script = block('sh', 'serin-timestamp').replace(
      /^curl[\s\S]*/m,
      'echo $timestamp $signature',
    );
    const SECRET = 'the-secret-of-this-documentation';
    const env = { ...process.env, BODY: body, SECRET };
    const out = execFileSync('bash', ['--norc', '-ec', script], {
      env,
      encoding: 'utf8',
      input: '',
    });
    const [timestamp = '', signature = ''] = out.trim().split(' ');
    const action = { ...setsImage, image: 'registry.example/front-api@{digest}' };
    const hooks = await makeHooks([makeHook('hmac', [makeRule('hmac', {}, action)])]);
    hooks.secrets.set('/serin/hooks/shop', SECRET);
    hooks.setNow(Math.max(start, Number(timestamp) * 1000));
    const headers = { 'serin-timestamp': timestamp, 'serin-signature': `v1=${signature}` };
    const told = await hooks.send(signed('hmac', body, { headers }));
    expect(told.body.rules[0].result).toBe('done');
  });

  it('names every status that is answered', () => {
    for (const status of [200, 401, 404, 413, 415, 422, 503]) expect(page).toMatch(`${status}`);
  });
});
