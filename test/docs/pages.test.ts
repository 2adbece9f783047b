import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pageOf, placeOf, targetOf } from '../../scripts/site/links.ts';
import { listed } from '../../scripts/site/sidebar.ts';
import { tracked } from '../tracked.ts';

// What the site of the documentation relies on. `npm run site` builds it, and checks what it built.

const files = tracked('*.md');

it('each page is in the list of pages', () => {
  const pages = files.filter((file) => pageOf(file) !== undefined && !file.startsWith('docs/adr/'));
  expect(pages.length).toBeGreaterThan(15);
  expect([...listed].sort()).toEqual(pages.sort());
});

it('each link to a place leads to a heading', () => {
  const places = new Map(files.map((file) => [file, placesIn(readFileSync(file, 'utf8'))]));
  const dead = files.flatMap((file) =>
    linksIn(readFileSync(file, 'utf8'))
      .map((href) => ({ href, target: href.startsWith('#') ? file + href : join(file, href) }))
      .filter(({ target }) => {
        const [path = '', place = ''] = target.split('#');
        return places.has(path) && !places.get(path)?.includes(decodeURIComponent(place));
      })
      .map(({ href }) => `${file}: ${href}`),
  );
  expect(dead).toEqual([]);
});

it('places are called as GitHub calls them', () => {
  expect(placeOf('1. Deploy the functions')).toBe('1-deploy-the-functions');
  expect(placeOf('What `check` looks at')).toBe('what-check-looks-at');
  expect(placeOf('Cognito, and any other OIDC issuer')).toBe('cognito-and-any-other-oidc-issuer');
});

it.each([
  [
    'docs/install.md',
    'aws/access.md#github-actions',
    { kind: 'page', page: '/aws/access.md#github-actions' },
  ],
  ['docs/aws/access.md', '../../README.md', { kind: 'page', page: '/overview.md' }],
  ['README.md', 'docs/adr', { kind: 'page', page: '/adr/0001-outside-the-cluster.md' }],
  ['docs/aws/hooks.md', '../../examples/ci', { kind: 'none' }],
  ['README.md', 'examples/front-api.yaml', { kind: 'file', file: 'examples/front-api.yaml' }],
  ['README.md', '#see-it', { kind: 'as it is' }],
  ['README.md', 'mailto:somebody@example.org', { kind: 'as it is' }],
])('on the site, what %s calls %s is %j', (file, href, target) => {
  expect(targetOf(file, href)).toEqual(target);
});

function join(file: string, href: string): string {
  return decodeURI(new URL(href, `file:///${file}`).href.slice('file:///'.length));
}

/** The links of a text that name a place. */
function linksIn(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]*#[^)\s]+)\)/g)]
    .map((found) => found[1] ?? '')
    .filter((href) => !/^[a-z]+:/.test(href));
}

function placesIn(text: string): string[] {
  const headings = withoutBlocks(text).matchAll(/^#+ (.+)$/gm);
  return [...headings].map((found) =>
    placeOf((found[1] ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')),
  );
}

function withoutBlocks(text: string): string {
  return text.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '');
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '');
}
