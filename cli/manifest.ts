import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Tags,
  visit,
} from 'yaml';
import { workloadKinds } from '../lib/model/reference.ts';
import { checkStructure, type Fault } from '../lib/model/structure.ts';
import type { Kinds } from '../lib/world.ts';
import { CliError, exitCodes } from './exit.ts';
import { plain } from './text.ts';

/** One document of a manifest file. */
export type Manifest = {
  file: string;
  /** As the file has it; anything at all until it was checked. */
  value: unknown;
  kind: string;
  line: number;
  /** The line of the field a fault names, or of the nearest thing around it that is there. */
  lineOf: (path: string) => number;
};

/** A fault of the file itself: it is no YAML. */
type FileFault = { line: number; message: string };

export type ManifestFile = { file: string; manifests: Manifest[]; faults: FileFault[] };

/** Reads a file, or standard input for `-`. */
export function readManifestFile(file: string): ManifestFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(readText(file), {
    lineCounter: lines,
    schema: 'yaml-1.1',
    customTags: kubernetesTags,
    // Its warnings would go past everything that makes text plain.
    logLevel: 'error',
  });
  if (!Array.isArray(documents)) return { file, manifests: [], faults: [] };
  const faults = documents.flatMap(({ errors }) =>
    errors.map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      message: `is not YAML: ${wordsOf(error)}`,
    })),
  );
  if (faults.length > 0) return { file, manifests: [], faults };
  const lineAt = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  const manifests = documents.flatMap((document) => {
    const { contents } = document;
    // Nothing between two `---`.
    if (contents === null || (isScalar(contents) && contents.value === null)) return [];
    const trouble = troubleOf(document);
    if (trouble !== undefined) {
      const line = lineAt(rangeStart(trouble.at ?? contents));
      faults.push({ line, message: `cannot be read: ${trouble.message}` });
      return [];
    }
    const value: unknown = document.toJS();
    const lineOf = (path: string) => lineAt(find(contents, path));
    return [{ file, value, kind: kindOf(value), line: lineOf(''), lineOf }];
  });
  return { file, manifests, faults };
}

/** Why a document cannot be made a manifest, and the node that is to blame. */
type Trouble = { message: string; at?: unknown };

function troubleOf(document: Document): Trouble | undefined {
  try {
    const alias = wrongAlias(document);
    if (alias !== undefined) return alias;
    // All that reads a manifest later goes as deep as this does.
    JSON.stringify(document.toJS());
    return undefined;
  } catch (error) {
    if (!(error instanceof ReferenceError)) return { message: wordsOf(error as Error) };
    return {
      message: 'its aliases, from this one on, unfold to too much',
      at: firstAlias(document),
    };
  }
}

/** An alias of something it is a part of, or of nothing. */
function wrongAlias(document: Document): Trouble | undefined {
  const anchors = new Map<string, unknown>();
  let trouble: Trouble | undefined;
  visit(document, {
    Node: (_key, node, path) => {
      if (!isAlias(node)) {
        if ('anchor' in node && node.anchor) anchors.set(node.anchor, node);
        return undefined;
      }
      // An anchor may be set again: the one before the alias counts.
      const target = anchors.get(node.source);
      if (target !== undefined && !path.some((around) => around === target)) return undefined;
      const what = target === undefined ? 'names nothing above it' : 'is a part of what it names';
      trouble = { message: `the alias *${node.source} ${what}`, at: node };
      return visit.BREAK;
    },
  });
  return trouble;
}

function firstAlias(document: Document): unknown {
  let first: unknown;
  visit(document, {
    Alias: (_key, alias) => {
      first = alias;
      return visit.BREAK;
    },
  });
  return first;
}

/** The manifest that `dev` and `demo` use when none is given. */
export function exampleFile(): string {
  return fileURLToPath(new URL('../examples/front-api.yaml', import.meta.url));
}

/** The kinds of manifest files that a simulated cluster has a use for. */
const kinds = ['Rollout', 'Service', ...workloadKinds] as const;
type Manifested = (typeof kinds)[number];

/** Objects by kind, in the order of the files. */
export type Objects = { [K in Manifested]: Kinds[K][] };

/** Reads and checks files; objects of other kinds are left out. `namespace` is for those without. */
export function readObjects(files: string[], namespace: string): Objects {
  const read = files.map(readManifestFile);
  const manifests = read
    .flatMap((file) => file.manifests)
    .filter(({ kind }) => kinds.some((known) => known === kind));
  const wrong = [
    ...read.flatMap(({ file, faults }) =>
      faults.map(({ line, message }) => `${file}:${line}: ${message}`),
    ),
    ...manifests.flatMap((manifest) =>
      structureFaults(manifest).map(
        ({ path, message }) => `${manifest.file}:${manifest.lineOf(path)}: ${path} ${message}`,
      ),
    ),
  ];
  if (wrong.length > 0) {
    throw new CliError(wrong.map(plain).join('\n'), {
      exitCode: exitCodes.refused,
      hint: `Put that right; \`serin lint ${files.join(' ')}\` checks it.`,
    });
  }
  const of = <K extends Manifested>(wanted: K): Kinds[K][] =>
    manifests
      .filter(({ kind }) => kind === wanted)
      .map(({ value }) => ({
        ...(value as Kinds[K]),
        metadata: { namespace, ...(value as Kinds[K]).metadata },
      }));
  return {
    Rollout: of('Rollout'),
    Service: of('Service'),
    Deployment: of('Deployment'),
    ReplicaSet: of('ReplicaSet'),
    PodTemplate: of('PodTemplate'),
  };
}

/** The faults of a manifest's structure; what its values mean is not judged here. */
export function structureFaults({ kind, value }: Manifest): Fault[] {
  return checkStructure(kind, value);
}

/**
 * YAML as kubectl reads it: version 1.1 with its yes and no, but times stay text and 1:30 is no
 * number.
 */
function kubernetesTags(tags: Tags): Tags {
  return tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      (tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'is a folder' : code;
    throw new CliError(`cannot read ${file}: ${why}`, {
      exitCode: exitCodes.unreachable,
      hint: 'Name a file that holds a Rollout, or `-` for standard input.',
    });
  }
}

/** The parser's own words, without the place and the excerpt that come after them. */
function wordsOf({ message }: Error): string {
  if (/call stack|string length/.test(message)) return 'it is too deep or too large';
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}

function kindOf(value: unknown): string {
  const kind = (value as { kind?: unknown } | null)?.kind;
  return typeof kind === 'string' ? kind : '';
}

/** Where in the text a path such as `spec.steps[0].labels[a.b/c]` is, as far as it leads. */
function find(root: unknown, path: string): number | undefined {
  let node = root;
  let offset = rangeStart(root);
  for (const [, name, index] of path.matchAll(/\.?([^.[\]]+)|\[([^\]]*)\]/g)) {
    const step = name ?? index ?? '';
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined) break;
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[0];
}
