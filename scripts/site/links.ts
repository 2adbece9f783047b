import { existsSync, statSync } from 'node:fs';
import { posix } from 'node:path';

// Where a link between files of the repository leads on the site. The Markdown is written for GitHub: its
// links are relative to their file, and may name any file of the repository.

/** Pages from outside of docs/, and docs/README.md, which is the front page. */
const OTHER_PAGES: Record<string, string> = {
  'docs/README.md': 'index.md',
  'README.md': 'overview.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'reporting.md',
  'infra/terraform/README.md': 'aws/terraform.md',
};

/** The page that a file of the repository is on the site, such as `aws/access.md`. */
export function pageOf(file: string): string | undefined {
  return OTHER_PAGES[file] ?? file.match(/^docs\/(.+\.md)$/)?.[1];
}

type Target =
  /** An address of the web, or a place on the same page: as it is. */
  | { kind: 'as it is' }
  /** `page` begins with a slash and may end with `#place`. */
  | { kind: 'page'; page: string }
  /** `file` is copied to the site, to be read there. */
  | { kind: 'file'; file: string }
  /** A folder, which has no page. */
  | { kind: 'none' };

/** Where `href` in `file` leads: both as in the repository, whose root is the working directory or `root`. */
export function targetOf(file: string, href: string, root = '.'): Target {
  if (/^(?:[a-z]+:|#)/i.test(href)) return { kind: 'as it is' };
  const [path = '', place] = href.split('#');
  const named = posix.join(posix.dirname(file), decodeURI(path)).replace(/\/$/, '');
  // The list of decisions is beside each of them.
  const meant = named === 'docs/adr' ? 'docs/adr/0001-outside-the-cluster.md' : named;
  const page = pageOf(meant);
  if (page !== undefined) {
    return { kind: 'page', page: `/${page}${place === undefined ? '' : `#${place}`}` };
  }
  const there = posix.join(root, meant);
  return existsSync(there) && statSync(there).isFile()
    ? { kind: 'file', file: meant }
    : { kind: 'none' };
}

/** What GitHub calls the place of a heading: lower case, words joined by hyphens, no punctuation. */
export function placeOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
    .replaceAll(' ', '-');
}
