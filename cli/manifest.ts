import { resolve } from 'node:path';
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
import type { ObjectMeta } from '../lib/model/argo.generated.ts';
import { isRecord } from '../lib/model/gotypes.ts';
import { type Kinds, type KubernetesObject, rowOf } from '../lib/model/kinds.ts';
import { checkStructure } from '../lib/model/structure.ts';
import { packaged, textOf } from '../lib/packaged.ts';
import type { Objects, RouterObject } from '../server/apply.ts';
import { CliError, exitCodes } from './exit.ts';
import { type Input, readText } from './input.ts';
import {
  itemsOf,
  type Meaning,
  type MeantKind,
  meaningOf,
  withoutServerFields,
} from './meaning.ts';
import { plain } from './text.ts';

/** One object of a manifest file. */
export type Manifest = {
  file: string;
  /** Without what an API server writes; anything at all until it was checked. */
  value: unknown;
  meaning: Meaning;
  /** The line of the field a fault names, or of the nearest thing around it that is there. */
  lineOf: (path: string) => number;
};

/** A fault of the file itself: it is no YAML. */
type FileFault = { line: number; message: string };

export type ManifestFile = { file: string; manifests: Manifest[]; faults: FileFault[] };

const otherFile = 'Name a file that holds a Rollout, or `-` for standard input.';

/** Reads a file, or standard input for `-`. The objects of lists are manifests of their own. */
export async function readManifestFile(file: string, input: Input): Promise<ManifestFile> {
  const lines = new LineCounter();
  const documents = parseAllDocuments(await readText(file, input, otherFile), {
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
    return unlisted(document.toJS(), '').map(({ value, place }) => ({
      file,
      value: isRecord(value) ? withoutServerFields(value) : value,
      meaning: meaningOf(value),
      lineOf: (path: string) => lineAt(find(contents, `${place}.${path}`)),
    }));
  });
  return { file, manifests, faults };
}

/** Each file once, however often it is named: what was read from standard input is gone. */
export function readManifestFiles(files: string[], input: Input): Promise<ManifestFile[]> {
  const once = new Map<string, string>();
  for (const file of files) {
    const place = file === '-' ? file : resolve(file);
    if (!once.has(place)) once.set(place, file);
  }
  return Promise.all([...once.values()].map((file) => readManifestFile(file, input)));
}

/** A document's object, or those of the lists it holds, each with its place in the document. */
function unlisted(value: unknown, place: string): { value: unknown; place: string }[] {
  const items = itemsOf(value);
  if (items === undefined) return [{ value, place }];
  return items.flatMap((item, index) => unlisted(item, `${place}.items[${index}]`));
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

/** What `dev` and `demo` use when no file is given. */
export function readExample(namespace: string): Promise<Objects> {
  const text = textOf(packaged('examples'), 'front-api.yaml');
  return readObjects(['-'], namespace, { stdin: async () => text });
}

/** What there is, each kind once, for somebody who wonders where his Rollouts are. */
export function seenIn(manifests: Manifest[]): string[] {
  const seen = manifests.flatMap(({ meaning }) => {
    if ('fault' in meaning) return [];
    return 'kind' in meaning ? [meaning.kind] : [meaning.seen];
  });
  return [...new Set(seen)];
}

export function noRollout(seen: string[]): string {
  return `no Rollout of argoproj.io; seen: ${seen.join(', ') || 'nothing at all'}`;
}

/**
 * Reads and checks files that hold at least one Rollout; objects of kinds that neither it nor its routers
 * read are left out.
 * `namespace` is for those without.
 */
export async function readObjects(
  files: string[],
  namespace: string,
  input: Input,
): Promise<Objects> {
  const read = await readManifestFiles(files, input);
  const manifests = read.flatMap((file) => file.manifests);
  const wrong = [
    ...read.flatMap(({ file, faults }) =>
      faults.map(({ line, message }) => `${file}:${line}: ${message}`),
    ),
    ...manifests.flatMap((manifest) =>
      faultsOf(manifest).map(
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
  const of = <K extends MeantKind>(wanted: K): Kinds[K][] =>
    manifests
      .filter(({ meaning }) => 'kind' in meaning && meaning.kind === wanted)
      .map(({ value }) => value as Kinds[K])
      .filter((object) => !isMadeByController(wanted, object))
      .map((object) => asApplied(object, rowOf(wanted).isNamespaced ? namespace : ''));
  const rollouts = of('Rollout');
  if (rollouts.length === 0) {
    const message = `${files.join(', ')}: ${noRollout(seenIn(manifests))}`;
    throw new CliError(plain(message), {
      exitCode: exitCodes.refused,
      hint: otherFile,
    });
  }
  return {
    Rollout: rollouts,
    Service: of('Service'),
    AnalysisTemplate: of('AnalysisTemplate'),
    ClusterAnalysisTemplate: of('ClusterAnalysisTemplate'),
    Deployment: of('Deployment'),
    ReplicaSet: of('ReplicaSet'),
    PodTemplate: of('PodTemplate'),
    ofRouters: manifests.flatMap((manifest) => routerObject(manifest, namespace)),
  };
}

function routerObject({ meaning, value }: Manifest, namespace: string): RouterObject[] {
  const { ofRouters: kind } = 'seen' in meaning ? meaning : {};
  if (kind === undefined || !isRecord(value) || !isRecord(value.metadata)) return [];
  if (typeof value.metadata.name !== 'string') return [];
  return [{ kind, object: asApplied<KubernetesObject>(value, namespace) }];
}

/** What is wrong before anything is known of a cluster; what values mean is not judged here. */
function faultsOf({ meaning, value }: Manifest): { path: string; message: string }[] {
  if ('fault' in meaning) return [meaning.fault];
  return 'kind' in meaning ? checkStructure(meaning.kind, value) : [];
}

/** Its owner is not in the manifest, or makes it again. */
function isMadeByController(kind: MeantKind, { metadata }: { metadata?: ObjectMeta }): boolean {
  return kind === 'ReplicaSet' && (metadata?.ownerReferences ?? []).some((each) => each.controller);
}

/** Owners stay behind in the cluster an object was read from; what lacks its owner is collected. */
function asApplied<T extends { metadata?: ObjectMeta }>(object: T, namespace: string): T {
  const { ownerReferences: _, ...metadata } = object.metadata ?? {};
  // One of the whole cluster has none, whatever is written.
  const place = namespace === '' ? { namespace } : {};
  return { ...object, metadata: { namespace, ...metadata, ...place } };
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

/** The parser's own words, without the place and the excerpt that come after them. */
function wordsOf({ message }: Error): string {
  if (/call stack|string length/.test(message)) return 'it is too deep or too large';
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
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
