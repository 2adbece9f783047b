import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLParseError,
} from 'yaml';
import { nearestName } from '../model/nearest.ts';
import { knownKeys, type Settings, settingsSchema } from './schema.ts';

/** Something an administrator has to change, where, and how. Lines begin with 1. */
type SettingsFault = { line: number; path: string; message: string };

export type ParsedSettings = {
  settings?: Settings;
  faults: SettingsFault[];
  /** Without any content. The settings that nobody has applied yet are like that. */
  isEmpty: boolean;
  /** The line of the file on which a line of the policies' text is. */
  policyLine: (line: number) => number;
};

/** The table keeps 400 kB in one item. */
const textLengthMax = 200_000;

/** Reads the settings document. Cedar's own rules are checked elsewhere: see lib/access/policies.ts. */
export function parseSettings(text: string): ParsedSettings {
  const none = (line: number, message: string): ParsedSettings => ({
    faults: [{ line, path: '', message }],
    isEmpty: false,
    policyLine: (each) => each,
  });
  if (text.length > textLengthMax) {
    return none(1, `is longer than ${textLengthMax} characters, which the table cannot keep`);
  }
  const lines = new LineCounter();
  const document = parseDocument<ParsedNode>(text, { lineCounter: lines, logLevel: 'error' });
  const lineAt = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  const [error] = document.errors;
  if (error !== undefined) {
    return none(lineAt(error.pos[0]), faultOf(error));
  }
  const value = contentOf(document);
  if (value instanceof Error) return none(1, `cannot be read: ${value.message}`);
  const at = (path: PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = offsetOf(document, path.slice(0, length));
      if (offset !== undefined) return lineAt(offset);
    }
    return 1;
  };
  const policyLine = (line: number) => {
    const node = document.getIn(['policies'], true);
    const isBlock =
      isScalar(node) && (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED');
    return at(['policies']) + (isBlock ? line : line - 1);
  };
  const isEmpty = value === null || value === undefined;
  const parsed = settingsSchema.safeParse(value ?? {});
  if (parsed.success) return { settings: parsed.data, faults: [], isEmpty, policyLine };
  const faults = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownKey([...issue.path, key], at))
      : [{ line: at(issue.path), path: pathText(issue.path), message: wordsOf(issue) }],
  );
  return { faults: faults.toSorted((a, b) => a.line - b.line), isEmpty, policyLine };
}

/** Where a field begins, or an item of a list. */
function offsetOf(document: Document.Parsed, path: PropertyKey[]): number | undefined {
  const around = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (!isMap(around)) return rangeStart(document.getIn(path, true));
  const name = path.at(-1);
  return rangeStart(around.items.find(({ key }) => isScalar(key) && key.value === name)?.key);
}

function rangeStart(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function faultOf({ code, message }: YAMLParseError): string {
  if (code === 'MULTIPLE_DOCS') return 'begins a second document here: put all into one';
  const [first = ''] = message.split('\n');
  return `is not YAML: ${first.replace(/ at line.*/, '')}`;
}

function contentOf(document: { toJS: () => unknown }): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return error;
  }
}

function unknownKey(path: PropertyKey[], at: (path: PropertyKey[]) => number): SettingsFault {
  const known = knownKeys[String(path.length > 1 ? path[0] : '')] ?? [];
  const nearest = nearestName(String(path.at(-1)), known);
  const hint = nearest === undefined ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`;
  return { line: at(path), path: pathText(path), message: `is not known here; ${hint}` };
}

function pathText(path: PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

/** Our own messages begin with a verb; the library's are turned so that they follow a path. */
function wordsOf({ message }: { message: string }): string {
  if (message.endsWith('received undefined')) return 'is missing';
  const received = /^Invalid input: expected (.+), received (.+)$/.exec(message);
  if (received) return `must be of type ${received[1]}, not ${received[2]}`;
  return message
    .replace(/^Invalid (?:input|option): expected/, 'must be')
    .replace(/^Too /, 'is too ');
}
