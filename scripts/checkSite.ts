import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

// Looks at the site that was built: each link leads to a file and a place that are there, and no page loads
// anything from another host. Prints what is wrong, and exits with 1.

const dist = fileURLToPath(new URL('../site/dist', import.meta.url));
const base = process.env.SITE_BASE ?? '/';

const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((name) =>
  name.replaceAll('\\', '/'),
);
const pages = new Map(
  files.filter((name) => name.endsWith('.html')).map((name) => [name, read(name)]),
);
const places = new Map(
  [...pages].map(([name, html]) => [
    name,
    new Set([...html.matchAll(/\sid="([^"]+)"/g)].map((found) => unescaped(found[1] ?? ''))),
  ]),
);

const wrong = [
  ...[...pages].flatMap(([name, html]) => [...deadLinks(name, html), ...elsewhere(name, html)]),
  ...files.filter((name) => name.endsWith('.css')).flatMap((name) => elsewhere(name, read(name))),
];
for (const line of wrong) console.error(line);
console.log(`${pages.size} pages in site/dist, ${wrong.length} things wrong`);
process.exitCode = wrong.length > 0 || pages.size === 0 ? 1 : 0;

function deadLinks(page: string, html: string): string[] {
  return [...html.matchAll(/<a\s[^>]*?href="([^"]*)"/g)]
    .map((found) => unescaped(found[1] ?? ''))
    .filter((href) => !/^[a-z]+:/i.test(href) && !leads(page, href))
    .map((href) => `${page}: ${href} leads nowhere`);
}

function leads(page: string, href: string): boolean {
  const [path = '', place] = href.split('#').map(decodeURIComponent);
  if (path.startsWith('/') && !path.startsWith(base)) return false;
  const named = path.startsWith('/')
    ? path.slice(base.length)
    : posix.join(posix.dirname(page), path);
  const target = path === '' ? page : named.replace(/(^|\/)$/, '$1index.html');
  if (!existsSync(join(dist, target))) return false;
  return place === undefined || place === '' || (places.get(target)?.has(place) ?? false);
}

/** What a page would load from another host. Links that a reader follows may lead anywhere. */
function elsewhere(file: string, text: string): string[] {
  const loads = [
    /<(?:script|link|img|iframe|source|video|object)\s[^>]*?(?:src|href|data)="(?:https?:)?\/\/[^"]*"/g,
    /url\(\s*["']?(?:https?:)?\/\/[^)]*\)|@import\s+["'](?:https?:)?\/\/[^"']*/g,
  ];
  return loads
    .flatMap((pattern) => text.match(pattern) ?? [])
    .map((found) => `${file}: loads from elsewhere: ${found}`);
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function read(name: string): string {
  return readFileSync(join(dist, name), 'utf8');
}
