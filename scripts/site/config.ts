import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf, placeOf } from './links.ts';
import { copyOf, forTheSite, type Markdown } from './markdown.ts';
import { sidebar } from './sidebar.ts';

// The site of the documentation, as VitePress has it made: docs/adr/0111-docs-as-a-site.md.

const root = join(import.meta.dirname, '../..');
const base = process.env.SITE_BASE ?? '/';
const copied = new Set<string>();

const style = '.not-run { color: var(--vp-c-text-2); font-size: 0.875em; margin-bottom: -8px; }';

export const siteConfig = {
  title: 'Serin',
  description: 'Runs Argo Rollouts from outside the cluster',
  lang: 'en',
  base,
  srcDir: root,
  srcExclude: ['**/node_modules/**', '!(docs|infra)/**/*.md', 'infra/!(terraform)/**', 'AGENTS.md'],
  outDir: join(root, 'site/dist'),
  cacheDir: join(root, 'site/node_modules/.cache'),
  rewrites: (file: string) => pageOf(file) ?? file,
  head: [
    ['link', { rel: 'icon', href: 'data:,' }],
    ['style', {}, style],
  ],
  markdown: {
    anchor: { slugify: placeOf },
    config: (markdown: Markdown) =>
      forTheSite(markdown, { root, base, copied: (file) => copied.add(file) }),
  },
  themeConfig: {
    sidebar: sidebar(root),
    outline: [2, 3],
    search: { provider: 'local' },
    docFooter: { prev: false, next: false },
  },
  buildEnd: ({ outDir }: { outDir: string }) => {
    for (const file of copied) cpSync(join(root, file), join(outDir, copyOf(file)));
  },
};
