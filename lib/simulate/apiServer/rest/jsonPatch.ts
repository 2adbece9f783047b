import { isRecord } from '../../../model/gotypes.ts';
import { deepEqual } from '../../../model/patch.ts';
import { badRequest, Refused } from './answers.ts';

type Operation = { op: string; path: string; value?: unknown };

/** RFC 6902 with add, remove, replace and test; the document given stays as it is. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  return patch.reduce((changed: unknown, item: unknown) => {
    if (!isOperation(item)) throw badRequest('an operation of a JSON patch needs an op and a path');
    return operated(changed, item, pointer(item.path));
  }, document);
}

function isOperation(item: unknown): item is Operation {
  return isRecord(item) && typeof item.op === 'string' && typeof item.path === 'string';
}

function pointer(path: string): string[] {
  if (path !== '' && !path.startsWith('/')) throw badRequest(`${path} is not a JSON pointer`);
  const parts = path.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function operated(node: unknown, operation: Operation, [key, ...rest]: string[]): unknown {
  if (key === undefined) return atTarget(node, operation);
  if (rest.length > 0) {
    const child = operated(childOf(node, key, operation), operation, rest);
    return withChild(node, key, child);
  }
  const { op, path, value } = operation;
  if (op === 'add') return added(node, key, operation);
  if (op === 'remove') {
    childOf(node, key, operation);
    return withoutChild(node, key);
  }
  if (op === 'replace') {
    childOf(node, key, operation);
    return withChild(node, key, value);
  }
  if (op === 'test') {
    atTarget(childOf(node, key, operation), operation);
    return node;
  }
  throw unprocessable(`${path}: the operation ${op} is not simulated`);
}

function atTarget(node: unknown, { op, path, value }: Operation): unknown {
  if (op === 'add' || op === 'replace') return value;
  if (op !== 'test') throw unprocessable(`${path}: the operation ${op} is not simulated`);
  if (!deepEqual(node, value)) throw unprocessable(`testing value ${path} failed: test failed`);
  return node;
}

function childOf(node: unknown, key: string, { op, path }: Operation): unknown {
  const child = Array.isArray(node)
    ? node[indexOf(node, key)]
    : isRecord(node) && Object.hasOwn(node, key)
      ? node[key]
      : undefined;
  if (child === undefined) throw unprocessable(`${op} operation does not apply: no ${path}`);
  return child;
}

function indexOf(list: unknown[], key: string): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
  if (!(index <= list.length)) throw unprocessable(`${key} is not an index of the list`);
  return index;
}

function added(node: unknown, key: string, { path, value }: Operation): unknown {
  if (Array.isArray(node)) {
    return node.toSpliced(key === '-' ? node.length : indexOf(node, key), 0, value);
  }
  if (isRecord(node)) return { ...node, [key]: value };
  throw unprocessable(`add operation does not apply: no place for ${path}`);
}

function withChild(node: unknown, key: string, child: unknown): unknown {
  if (Array.isArray(node)) return node.with(indexOf(node, key), child);
  return { ...(node as object), [key]: child };
}

function withoutChild(node: unknown, key: string): unknown {
  if (Array.isArray(node)) return node.toSpliced(indexOf(node, key), 1);
  const { [key]: _removed, ...rest } = node as { [field: string]: unknown };
  return rest;
}

function unprocessable(message: string): Refused {
  return new Refused(422, 'Invalid', `the server rejected our request: ${message}`);
}
