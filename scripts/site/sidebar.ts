import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { pageOf } from './links.ts';

// What the site's list of pages has, in the order in which somebody may read them.

const GROUPS: [title: string, files: string[]][] = [
  [
    'Begin',
    [
      'docs/README.md',
      'docs/start.md',
      'README.md',
      'docs/migrate.md',
      'docs/in-cluster.md',
      'docs/install.md',
    ],
  ],
  ['Releases', ['docs/routers.md', 'docs/providers.md', 'docs/messages.md', 'docs/metrics.md']],
  [
    'On AWS',
    [
      'docs/aws/clusters.md',
      'docs/aws/access.md',
      'docs/aws/hooks.md',
      'docs/aws/operate.md',
      'docs/aws/change-notices.md',
      'docs/aws/load-balancers.md',
      'docs/aws/functions.md',
      'docs/aws/testing.md',
      'infra/terraform/README.md',
    ],
  ],
  ['Reference', ['docs/cli.md', 'docs/costs.md', 'docs/performance.md', 'SECURITY.md']],
  ['The project', ['docs/architecture.md', 'CONTRIBUTING.md', 'CHANGELOG.md']],
];

type Item = { text: string; link: string };
type Group = { text: string; items: Item[]; collapsed?: boolean };

/** The groups of the list, with the decisions (docs/adr) as the last, folded one. */
export function sidebar(root: string): Group[] {
  const item = (file: string): Item => ({
    text: titleOf(readFileSync(posix.join(root, file), 'utf8')),
    link: `/${pageOf(file)
      ?.replace(/\.md$/, '')
      .replace(/^index$/, '')}`,
  });
  const decisions = readdirSync(posix.join(root, 'docs/adr'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => item(`docs/adr/${name}`));
  return [
    ...GROUPS.map(([text, files]) => ({ text, items: files.map(item) })),
    { text: 'Decisions', items: decisions, collapsed: true },
  ];
}

/** The files in the list, apart from the decisions. */
export const listed: readonly string[] = GROUPS.flatMap(([, files]) => files);

function titleOf(markdown: string): string {
  return markdown.match(/^# (.+)$/m)?.[1]?.replaceAll('`', '') ?? 'Without a title';
}
