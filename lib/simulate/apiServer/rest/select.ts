import { parseSelector, selects } from '../../../kubernetes/selectors.ts';
import { isRecord } from '../../../model/gotypes.ts';
import { type Kind, resourceNameOf } from '../../../model/kinds.ts';
import type { AnyObject } from '../admission.ts';
import { badRequest } from './answers.ts';
import type { Place, RestResource } from './resources.ts';

export type Matches = (object: AnyObject) => boolean;

const everywhere = ['metadata.name', 'metadata.namespace'];
const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
/** The fields that the real server lets one select by. */
const selectable: Partial<Record<Kind, readonly string[]>> = {
  Pod: ['spec.nodeName', 'spec.serviceAccountName', 'status.phase'],
  Event: [...involved.map((field) => `involvedObject.${field}`), 'reason', 'type', 'source'],
};

/** Which objects a list or a watch is about. */
export function matcher({ resource, namespace, name }: Place, query: URLSearchParams): Matches {
  const labels = labelSelector(query.get('labelSelector') ?? '');
  const fields = fieldSelector(resource, query.get('fieldSelector') ?? '');
  return (object) =>
    (namespace === '' || object.metadata?.namespace === namespace) &&
    (name === undefined || object.metadata?.name === name) &&
    labels(object) &&
    fields(object);
}

function labelSelector(text: string): Matches {
  let selector: ReturnType<typeof parseSelector>;
  try {
    selector = parseSelector(text);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
  return ({ metadata }) => {
    const labels = (metadata?.labels ?? {}) as Record<string, string>;
    return selects(selector, labels);
  };
}

function fieldSelector(resource: RestResource, text: string): Matches {
  const known = [...everywhere, ...(selectable[resource.kind] ?? [])];
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const [, path = '', operator, wanted = ''] = /^([^=!]+)(==?|!=)(.*)$/.exec(term) ?? [];
      if (!known.includes(path)) {
        throw badRequest(
          `${resourceNameOf(resource.kind)}: field label not supported: ${path || term}`,
        );
      }
      return { path: path.split('.'), isEqual: operator !== '!=', wanted };
    });
  return (object) =>
    terms.every(({ path, isEqual, wanted }) => (fieldAt(object, path) === wanted) === isEqual);
}

function fieldAt(object: AnyObject, path: readonly string[]): string {
  const value = path.reduce<unknown>(
    (node, key) => (isRecord(node) ? node[key] : undefined),
    object,
  );
  return typeof value === 'string' ? value : '';
}
