import { etagOf, type PageFile, type PageFiles } from './files.ts';
import { pageHeaders } from './headers.ts';
import type { SignIn } from './signIn.ts';

type PageConfig = {
  version: string;
  /** Absent where a token of the machine's own opens the API. */
  signIn?: SignIn;
  /** Origins that the page may call to sign people in. */
  connect?: string[];
};

export type Page = { files: PageFiles; config: PageConfig };

/** The files, and how they are configured at the moment. */
export type PageSource = { files: PageFiles; config: () => Promise<PageConfig> };

export type PageAsk = {
  method: string;
  path: string;
  /** By their names in small letters. */
  headers: Record<string, string | undefined>;
};

export type PageAnswer = { status: number; headers: Record<string, string>; body: Buffer };

const assetMaxAge = 'public, max-age=31536000, immutable';
const nothing = Buffer.alloc(0);

/** Whether an address is one of the page's: all else is the API's. */
export function isPagePath(path: string): boolean {
  return /^\/(?:|signed-in|config\.json|c\/.*|assets\/.*)$/.test(path);
}

/** A file of the page. What a path names beyond the fixed ones the page itself reads from the address. */
export function pageAnswer({ files, config }: Page, ask: PageAsk): PageAnswer {
  const always = pageHeaders(config.connect);
  const said = (status: number, text: string, more: Record<string, string> = {}): PageAnswer => ({
    status,
    headers: { ...always, 'content-type': 'text/plain; charset=utf-8', ...more },
    body: Buffer.from(`${text}\n`),
  });
  if (ask.method !== 'GET' && ask.method !== 'HEAD') {
    return said(405, 'Use GET.', { allow: 'GET, HEAD' });
  }
  const isAsset = ask.path.startsWith('/assets/');
  const file = ask.path === '/config.json' ? configFile(config) : fileOf(files, ask.path);
  if (file === undefined) {
    return isAsset
      ? said(404, 'There is no such file. Was Serin updated? Load the page again.')
      : said(503, 'The page is not built. `npm run build` builds it.');
  }
  const headers = {
    ...always,
    'cache-control': isAsset ? assetMaxAge : 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
  };
  const known = (ask.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  if (known.includes(file.etag)) return { status: 304, headers, body: nothing };
  const { body, encoding } = packed(file, ask.headers['accept-encoding'] ?? '');
  return {
    status: 200,
    headers: {
      ...headers,
      'content-type': file.type,
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    },
    body,
  };
}

function fileOf(files: PageFiles, path: string): PageFile | undefined {
  return files.get(path.startsWith('/assets/') ? path : '/index.html');
}

function configFile({ version, signIn }: PageConfig): PageFile {
  const plain = Buffer.from(JSON.stringify({ version, ...(signIn && { signIn }) }));
  return { type: 'application/json', etag: etagOf(plain), plain };
}

function packed({ plain, br, gzip }: PageFile, accepted: string) {
  const takes = (coding: string) => new RegExp(`(?:^|[ ,])${coding}(?!;q=0(?:\\.0*)?(?:,|$))`, 'i');
  if (br !== undefined && takes('br').test(accepted)) return { body: br, encoding: 'br' };
  if (gzip !== undefined && takes('gzip').test(accepted)) return { body: gzip, encoding: 'gzip' };
  return { body: plain };
}
