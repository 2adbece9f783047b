import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenPattern } from '../../lib/access/tokens.ts';
import { startTable, table } from './awsTable.ts';
import { serin, temporaryFolder } from './support.ts';

const env = { SERIN_TABLE: table };

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'settings.yaml');
  writeFileSync(file, text);
  return file;
}

const good = `# ours
policies: |
  permit (principal, action == Action::"read", resource);
`;

describe('serin settings check', () => {
  it('finds nothing wrong with what is right, without AWS', async () => {
    const file = fileOf(good);
    expect(await serin(['settings', 'check', file])).toEqual({
      code: 0,
      out: `${file}: nothing wrong\n`,
      err: '',
    });
  });

  it('says where, what, and what to do', async () => {
    const file = fileOf(`issuers:
  - name: github
    issuer: https://token.actions.githubusercontent.com
    audience: serin
    claims:
      ref: refs/heads/main
isuers: []
`);
    const { code, out } = await serin(['settings', 'check', file]);
    expect(out.split('\n')).toEqual([
      `${file}:5: issuers[0].claims must hold repository_id or repository_owner_id: GitHub signs ` +
        'tokens for strangers too, so Serin has to be told whose repository: an id, which unlike a ' +
        'name is never given to somebody else',
      `${file}:7: isuers is not known here; did you mean issuers?`,
      '',
    ]);
    expect(code).toBe(1);
  });

  it.each([
    ['permit (principal action, resource);', 1, 'unexpected token `action`'],
    ['permit (principal, action == Action::"promot", resource);', 1, 'unrecognized action'],
    [
      '// ü\npermit (principal, action, resource)\nwhen { resource.nam == "a" };',
      3,
      'attribute `nam` on entity type `Rollout` not found (did you mean `name`?)',
    ],
    ['permit (principal in Grop::"a", action, resource);', 1, 'did you mean `Group`?'],
    [
      'permit (principal, action, resource)\nwhen { principal.getTag("a") == "b" };',
      2,
      '.hasTag("a")',
    ],
    ['permit (principal == ?principal, action, resource);', 1, 'includes a template'],
  ])("prints Cedar's complaint with its line: %s", async (policy, line, message) => {
    const file = fileOf(`hooks: []\npolicies: |\n${policy.replace(/^/gm, '  ')}\n`);
    const { code, out } = await serin(['settings', 'check', file]);
    expect(out).toContain(`${file}:${line + 2}: policies `);
    expect(out).toContain(message);
    expect(code).toBe(1);
  });

  it.each(['', '\n', '# nothing yet\n', '---\n'])('refuses what is empty: %j', async (text) => {
    const end = new AbortController();
    const { code, out } = await serin(['settings', 'check', '-'], {}, end, text);
    expect(out).toBe('-:1: is empty: such settings permit nobody anything\n');
    expect(code).toBe(1);
    const applied = await serin(['settings', 'apply', '-'], env, end, text);
    expect(applied.err).toMatch(/^-:1: is empty: .*\nserin: - is not applied\n/);
    expect(applied).toMatchObject({ code: 1, out: '' });
  });

  it.each(['{}', 'issuers: []', 'policies: ""'])(
    'warns of what permits nothing: %j',
    async (text) => {
      const { code, out } = await serin(['settings', 'check', fileOf(text)]);
      expect(out).toMatch(/:1: warning: policies are missing: nobody may do anything\n$/);
      expect(code).toBe(0);
    },
  );

  it('warns of what can never apply', async () => {
    const policy = 'permit (principal, action == Action::"read", resource == Cluster::"prod");';
    const { code, out } = await serin(['settings', 'check', fileOf(`policies: '${policy}'`)]);
    expect(out).toMatch(/:1: warning: policies unable to find an applicable action .* `in`/);
    expect(code).toBe(0);
  });

  it('speaks JSON too', async () => {
    const { code, out } = await serin(['settings', 'check', fileOf('a: 1'), '-o', 'json']);
    expect(JSON.parse(out).findings).toEqual([
      { line: 1, path: 'a', message: expect.stringContaining('not known'), isError: true },
    ]);
    expect(code).toBe(1);
  });
});

describe('serin settings apply and show', () => {
  it('put settings in use and show them as they were written', async () => {
    await startTable();
    expect((await serin(['settings', 'show'], env)).err).toContain('no settings were applied yet');
    const applied = await serin(['settings', 'apply', fileOf(good)], env);
    expect([applied.code, applied.out]).toEqual([0, expect.stringContaining('version 1')]);
    const shown = await serin(['settings', 'show', '--table', table]);
    expect(shown.out).toBe(good);
    expect(shown.err).toMatch(/^version 1, \d{4}-.* by .+@.+$/);
    expect((await serin(['settings', 'apply', fileOf(good)], env)).out).toContain('version 2');
  });

  it('change nothing with what is wrong', async () => {
    await startTable();
    await serin(['settings', 'apply', fileOf(good)], env);
    const { code, err } = await serin(['settings', 'apply', fileOf('policies: permit')], env);
    expect(code).toBe(1);
    expect(err).toContain('what is in use stays in use');
    expect((await serin(['settings', 'show'], env)).out).toBe(good);
  });

  it('do not write over what somebody else has applied', async () => {
    await startTable();
    await serin(['settings', 'apply', fileOf(good)], env);
    await serin(['settings', 'apply', fileOf('{}')], env);
    const late = await serin(['settings', 'apply', fileOf(good), '--if-version', '1'], env);
    expect(late.code).toBe(1);
    expect(late.err).toContain('somebody else has applied settings: version 1 is not in use');
    expect((await serin(['settings', 'show'], env)).out).toBe('{}');
    const right = ['settings', 'apply', fileOf(good), '--if-version', '2'];
    expect((await serin(right, env)).code).toBe(0);
  });

  it('say which table is missing, and what AWS refused', async () => {
    expect((await serin(['settings', 'show'])).err).toContain(
      'which table Serin keeps everything in',
    );
    await startTable();
    const { code, err } = await serin(['settings', 'show', '--table', 'no-such'], {});
    expect(code).toBe(1);
    expect(err).toContain('there is no table no-such in this Region');
  });
});

describe('serin token', () => {
  it('is created once, listed without itself, and revoked', async () => {
    await startTable();
    const argv = ['token', 'create', 'nightly', '--group', 'ci', '--group', 'ops'];
    const made = await serin([...argv, '--expires', '30d'], env);
    const token = made.out.trim();
    expect(token).toMatch(tokenPattern);
    expect(made.err).toContain('It is not shown again');
    const { out } = await serin(['token', 'list'], env);
    expect(out).toMatch(/^NAME +GROUPS +CREATED .*\nnightly +ci,ops +\d{4}-/);
    expect(out).not.toContain(token.slice(6, 20));
    const { items } = JSON.parse((await serin(['token', 'list', '-o', 'json'], env)).out);
    const lifeDays = (items[0].expiresAt - items[0].createdAt) / 86_400_000;
    expect([items[0].name, lifeDays]).toEqual(['nightly', 30]);
    expect((await serin(argv, env)).err).toContain('1 more of this name');
    const one = await serin(['token', 'revoke', items[0].id.slice(0, 12)], env);
    expect(one.out).toBe(`Revoked nightly (${items[0].id.slice(0, 12)}).\n`);
    expect((await serin(['token', 'revoke', 'nightly'], env)).code).toBe(0);
    expect((await serin(['token', 'list'], env)).err).toBe('No token is valid.');
    expect((await serin(['token', 'revoke', 'nightly'], env)).code).toBe(3);
  });

  it.each([
    [['create', 'a b'], 'must be a name of letters'],
    [['create', 'a:b'], 'must be a name of letters'],
    [['create', 'a', '--group', 'github:x'], 'must be a name of letters'],
    [['create', 'a', '--expires', 'never'], 'Give days from 1d to 366d'],
    [['create', 'a', '--expires', '0d'], 'Give days from 1d'],
    [['create', 'a', '--expires', '367d'], 'Give days from 1d'],
  ])('%j is refused', async (argv, message) => {
    const { code, out, err } = await serin(['token', ...argv], env);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });
});
