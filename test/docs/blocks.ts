/**
 * A fenced block of a Markdown file. `line` is that of its fence. `notRun` is the mark before it, which says
 * why no test runs it: `<!-- not run: it needs an AWS account -->`. `shows` is the block that follows
 * directly, if it is of the language `text`: what the shell prints.
 */
export type Block = {
  file: string;
  line: number;
  language: string;
  text: string;
  notRun?: string;
  shows?: string;
};

const FENCE = /^( *)(`{3,}|~{3,})(\S*)\s*$/;
const MARK = /<!-- not run: (.+) -->$/;

export function isShell({ language }: Block): boolean {
  return /^(?:sh|shell|bash|console)$/.test(language);
}

export function blocksOf(file: string, markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  let before = '';
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const [, indent = '', fence = '', language = ''] = line.match(FENCE) ?? [];
    if (fence === '') {
      before = line.trim() === '' ? before : line;
      continue;
    }
    const end = lines.indexOf(indent + fence, index + 1);
    const text = lines
      .slice(index + 1, end)
      .map((each) => each.slice(indent.length))
      .join('\n');
    const last = blocks.at(-1);
    if (language === 'text' && before === '```' && last !== undefined) last.shows = text;
    const notRun = before.match(MARK)?.[1];
    blocks.push({ file, line: index + 1, language, text, ...(notRun ? { notRun } : {}) });
    index = end;
    before = '```';
  }
  return blocks;
}

/**
 * The blocks of a file as one script for bash, which prints `@@ LINE` before each. `serin dev` is started
 * beside it, faster than in the documentation, and ends with the script.
 */
export function scriptOf(blocks: Block[]): string {
  const parts = blocks.map(({ line, text }) => `echo '@@ ${line}'\n${text.replace(DEV, beside)}\n`);
  return `set -euo pipefail\n${parts.join('')}`;
}

const DEV = /^(?:npx )?serin (dev .*?)(?:\s+#.*)?$/gm;

function beside(_line: string, args: string): string {
  return [
    `serin ${args} --port 0 --speed 10 >dev.log 2>&1 </dev/null &`,
    "DEV=$!; trap 'kill $DEV' EXIT",
    'until grep -q completed dev.log; do kill -0 $DEV || { cat dev.log; exit 1; }; sleep 0.2; done',
  ].join('\n');
}

/** What each block printed, by its line. */
export function printed(out: string): Map<number, string> {
  const [, ...parts] = out.split(/^@@ /m);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\n');
      return [Number(part.slice(0, end)), part.slice(end + 1)];
    }),
  );
}

/** For all that is shown, where a line `…` stands for any lines. */
export function pattern(shown: string): RegExp {
  const escaped = shown.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/^…\n?/gm, '(?:.*\n)*')}\\s*$`);
}

/** The calls of `serin` in shell, without what another program is given. */
export function serinCalls(text: string): string[] {
  const joined = text.replace(/\\\n\s*/g, ' ').replace(/(?:^|\s)#.*$/gm, '');
  return [
    ...joined.matchAll(/(?:^|[|&;(]\s*)(?:npx (?:--yes )?)?serin(?:@\S+)? ([^|;&>\n]*)/gm),
  ].map((found) => (found[1] ?? '').trim());
}
