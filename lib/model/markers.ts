// What the comments of Kubernetes' and Argo's types ask of values: fields that must be there, items of a
// list that must differ, values of which there are no others. The API server holds a Rollout to the
// definition that is made of them, and the pods of its ReplicaSets to the rest.

import { fieldsOf, type GoField, type GoType, goType, isRecord } from './gotypes.ts';

export type MarkerFault = { path: string; message: string };

/** All faults of a value that is sound in its types. */
export function checkMarkers(typeName: string, value: unknown, path = ''): MarkerFault[] {
  return check(goType(typeName), value, path);
}

function check(type: GoType, value: unknown, path: string): MarkerFault[] {
  if (value === null || value === undefined) return [];
  switch (type.kind) {
    case 'pointer':
      return check(type.of, value, path);
    case 'slice':
      return asItems(value).flatMap((item, index) => check(type.of, item, `${path}[${index}]`));
    case 'map':
      return Object.entries(value).flatMap(([key, item]) =>
        check(type.of, item, `${path}[${key}]`),
      );
    case 'struct':
      return isRecord(value)
        ? fieldsOf(type.name).flatMap((field) => checkField(type.name, field, value, path))
        : [];
    case 'scalar':
      return [];
  }
}

/** An empty text in the place of a name means that there is none; elsewhere it may be what is meant. */
const mayBeEmpty = /^(value|headerValue|servicePort)$/;
/** The definition leaves volumes open, where 0 is a value like others. */
const asked = ({ name, options }: GoField, struct: string) =>
  options.includes('required') &&
  !options.some((option) => option.startsWith('default=')) &&
  `${struct}.${name}` !== 'ISCSIVolumeSource.lun';

function checkField(
  struct: string,
  field: GoField,
  around: Record<string, unknown>,
  aroundPath: string,
): MarkerFault[] {
  const value = around[field.name];
  const path = aroundPath === '' ? field.name : `${aroundPath}.${field.name}`;
  // Go tells an empty text from a field left out only behind a pointer.
  const isEmpty = value === '' && field.type.kind !== 'pointer' && !mayBeEmpty.test(field.name);
  if (value === null || value === undefined || isEmpty) {
    return asked(field, struct) ? [{ path, message: 'is missing' }] : [];
  }
  const inner = check(field.type, value, path);
  return [...checkValues(field, value, path), ...checkItems(field, value, path), ...inner];
}

/** Of a list, its items are meant. */
function checkValues({ options, type }: GoField, value: unknown, path: string): MarkerFault[] {
  const values = (optionOf(options, 'values') ?? optionOf(options, 'enum'))?.split(';');
  if (values === undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => oneOf(values, item, `${path}[${index}]`));
  }
  return value === '' && type.kind === 'scalar' ? [] : oneOf(values, value, path);
}

function oneOf(values: string[], value: unknown, path: string): MarkerFault[] {
  if (values.includes(String(value))) return [];
  // The signals of a system are too many to be named.
  const known = values.length > 12 ? 'a known name' : `one of ${values.filter(Boolean).join(', ')}`;
  return [{ path, message: `must be ${known}, not ${JSON.stringify(value)}` }];
}

/** Items with the same key, or the same items of a set. */
function checkItems({ type, options }: GoField, value: unknown, path: string): MarkerFault[] {
  const keys = optionOf(options, 'keys')?.split(',');
  if (keys === undefined && optionOf(options, 'list') !== 'set') return [];
  const seen = new Map<string, number>();
  return asItems(value).flatMap((item, index) => {
    const named = keys === undefined ? [['', item] as const] : keyOf(keys, item, type);
    const key = JSON.stringify(named);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, index);
      return [];
    }
    const what = named.map(([name, text]) => `${name} ${JSON.stringify(text)}`.trim()).join(', ');
    const own = keys === undefined ? '' : `.${keys[0]}`;
    return [{ path: `${path}[${index}]${own}`, message: `repeats ${path}[${first}]: ${what}` }];
  });
}

function keyOf(keys: string[], item: unknown, list: GoType): (readonly [string, unknown])[] {
  return keys.map((name) => {
    const given = isRecord(item) ? item[name] : undefined;
    return [name, given ?? defaultOf(list, name)] as const;
  });
}

function defaultOf(list: GoType, name: string): unknown {
  if (list.kind !== 'slice' || list.of.kind !== 'struct') return undefined;
  const field = fieldsOf(list.of.name).find((each) => each.name === name);
  const text = optionOf(field?.options ?? [], 'default');
  return text === undefined ? undefined : JSON.parse(text);
}

function optionOf(options: readonly string[], name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

function asItems(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
