import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { folderAt } from '../../lib/packaged.ts';
import { isPagePath, type Page, pageAnswer } from '../../lib/web/answer.ts';
import { readPageFiles } from '../../lib/web/files.ts';
import { temporaryFolder } from '../cli/support.ts';

const html = '<!doctype html><title>Serin</title>';
const script = 'console.log(1)';

async function page(config: Page['config'] = { version: '1.2.3' }): Promise<Page> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'assets', 'main-AB.js'), script);
  writeFileSync(join(folder, 'assets', 'main-AB.js.gz'), gzipSync(script));
  writeFileSync(join(folder, 'assets', 'main-AB.js.br'), brotliCompressSync(script));
  return { files: readPageFiles(folderAt(folder)), config };
}

const get = (path: string, headers: Record<string, string> = {}) => ({
  method: 'GET',
  path,
  headers,
});

describe('the files of the page', () => {
  it.each(['/', '/c/prod/n/shop/r/front-api', '/signed-in'])(
    'are the shell at %s',
    async (path) => {
      const { status, headers, body } = pageAnswer(await page(), get(path));
      expect([status, body.toString()]).toEqual([200, html]);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
      });
    },
  );

  it('let no other origin in, and no script that is not a file of it', async () => {
    const { headers } = pageAnswer(await page(), get('/'));
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
        "manifest-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(Object.keys(headers).filter((name) => /^access-control|^set-cookie/.test(name))).toEqual(
      [],
    );
  });

  it('may call whoever signs people in', async () => {
    const config = { version: '1', connect: ['https://id.example.com'] };
    const { headers } = pageAnswer(await page(config), get('/'));
    expect(headers['content-security-policy']).toContain(
      "connect-src 'self' https://id.example.com;",
    );
  });

  it('are kept for ever where their name holds what is in them, and come packed', async () => {
    const asset = '/assets/main-AB.js';
    const plain = pageAnswer(await page(), get(asset));
    expect([plain.status, plain.body.toString()]).toEqual([200, script]);
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const packed = pageAnswer(await page(), get(asset, { 'accept-encoding': 'gzip, deflate, br' }));
    expect(packed.headers['content-encoding']).toBe('br');
    const older = pageAnswer(await page(), get(asset, { 'accept-encoding': 'gzip' }));
    expect(older.headers['content-encoding']).toBe('gzip');
    const none = pageAnswer(await page(), get(asset, { 'accept-encoding': 'br;q=0, gzip;q=0' }));
    expect(none.headers['content-encoding']).toBeUndefined();
  });

  it('are not sent twice to who has them', async () => {
    const { headers } = pageAnswer(await page(), get('/'));
    const again = pageAnswer(await page(), get('/', { 'if-none-match': headers.etag ?? '' }));
    expect([again.status, again.body.byteLength]).toEqual([304, 0]);
  });

  it('are no other files', async () => {
    const answers = ['/assets/../package.json', '/assets/main-AB.js.gz', '/assets/old-00.js'].map(
      async (path) => pageAnswer(await page(), get(path)).status,
    );
    expect(await Promise.all(answers)).toEqual([404, 404, 404]);
  });

  it('say how people sign in', async () => {
    const signIn = {
      issuer: 'https://id',
      clientId: 'serin',
      scope: 'openid',
      token: 'id' as const,
    };
    const { body } = pageAnswer(
      await page({ version: '1.2.3', signIn, connect: [] }),
      get('/config.json'),
    );
    expect(JSON.parse(body.toString())).toEqual({ version: '1.2.3', signIn });
  });

  it('take no other method, and say what to do where they were not built', async () => {
    expect(pageAnswer(await page(), { ...get('/'), method: 'POST' }).status).toBe(405);
    const files = readPageFiles(folderAt(join(temporaryFolder(), 'none')));
    const { status, body } = pageAnswer({ files, config: { version: '1' } }, get('/'));
    expect([status, body.toString()]).toEqual([503, expect.stringContaining('npm run build')]);
  });

  it.each([
    ['/', true],
    ['/c/a/n/b/r/c', true],
    ['/assets/x.js', true],
    ['/config.json', true],
    ['/v1/openapi.json', false],
    ['/iam/v1/openapi.json', false],
    ['/other', false],
  ])('stand at their own paths: %s', (path, is) => expect(isPagePath(path)).toBe(is));
});
