import { posix } from 'node:path';
import { targetOf } from './links.ts';

// What the site changes in the Markdown: links lead to pages of the site, and a mark of a block that no test
// runs can be read.

/** The part of markdown-it's token that is used here. */
type Token = {
  type: string;
  content: string;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
};
type State = { tokens: Token[]; env: { path?: string; realPath?: string } };
export type Markdown = {
  core: { ruler: { push(name: string, rule: (state: State) => void): void } };
};

type Options = {
  /** The folder of the repository, absolute. */
  root: string;
  /** Where the site is on its host: `/`, or `/folder/`. */
  base: string;
  /** Is called for each file that a page links to. */
  copied(file: string): void;
};

const NOT_RUN = /^\s*<!-- not run: (.+?) -->\s*$/s;

/** Adds both to markdown-it. */
export function forTheSite(markdown: Markdown, options: Options): void {
  markdown.core.ruler.push('serin-links', ({ tokens, env }) => {
    const file = posix.relative(options.root, env.realPath ?? env.path ?? '');
    for (const token of tokens) {
      if (token.children !== null) token.children = linked(token.children, file, options);
    }
  });
  markdown.core.ruler.push('serin-not-run', ({ tokens }) => {
    for (const token of tokens) {
      const why = token.type === 'html_block' ? token.content.match(NOT_RUN)?.[1] : undefined;
      if (why !== undefined)
        token.content = `<p class="not-run" v-pre>Not run by a test: ${escaped(why)}</p>\n`;
    }
  });
}

function linked(tokens: Token[], file: string, options: Options): Token[] {
  const kept: Token[] = [];
  let dropped = false;
  for (const token of tokens) {
    if (token.type === 'link_open') {
      dropped = !redirected(token, file, options);
      if (dropped) continue;
    }
    if (token.type === 'link_close' && dropped) {
      dropped = false;
      continue;
    }
    kept.push(token);
  }
  return kept;
}

/** False if there is nothing to link to. */
function redirected(token: Token, file: string, { root, base, copied }: Options): boolean {
  const target = targetOf(file, token.attrGet('href') ?? '', root);
  if (target.kind === 'none') return false;
  if (target.kind === 'page') token.attrSet('href', target.page);
  if (target.kind === 'file') {
    copied(target.file);
    token.attrSet('href', base + copyOf(target.file));
    token.attrSet('target', '_blank');
  }
  return true;
}

/** Where the copy of a file is: as text, which a browser shows whatever the file's name ends in. */
export function copyOf(file: string): string {
  return `source/${file}${/\.(?:png|json)$/.test(file) ? '' : '.txt'}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
