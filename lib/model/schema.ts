// The OpenAPI schema of a type, as a CustomResourceDefinition has it: what the API server accepts, keeps
// and merges. All of it follows from the table, except for the few things Argo's definitions leave open.

import { fieldsOf, type GoField, type GoType, type ScalarName } from './gotypes.ts';

export type Schema = {
  type?: string;
  format?: string;
  pattern?: string;
  enum?: string[];
  default?: unknown;
  anyOf?: { type: string }[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic';
  'x-kubernetes-validations'?: (typeof immutable)[];
};

/** Anything at all, kept as it is. */
const open: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
const openObject: Schema = { type: 'object', ...open };
const intOrString: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
};

const immutable = { rule: 'self == oldSelf', message: 'field is immutable' };

const scalars: Record<ScalarName, Schema> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  Quantity: { ...intOrString, pattern: quantityPattern() },
  IntOrString: intOrString,
  RawJSON: openObject,
};

/** A sign, a number, and a binary, decimal or exponential suffix. */
function quantityPattern(): string {
  const number = '(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))';
  const sign = '(\\+|-)?';
  return `^${sign}${number}(([KMGTPE]i)|[numkMGTPE]|([eE]${sign}${number}))?$`;
}

/** Of a whole object. The API server itself sees to its metadata. */
export function objectSchema(kind: string): Schema {
  const schema = structSchema(kind);
  return { ...schema, properties: { ...schema.properties, metadata: { type: 'object' } } };
}

function structSchema(name: string, within = ''): Schema {
  const fields = fieldsOf(name).filter((field) => isKept(name, field));
  const properties = fields.map((field) => [field.name, fieldSchema(name, field, within)]);
  const required = fields.filter(({ options }) => options.includes('required'));
  return {
    type: 'object',
    ...(fields.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required: required.map((field) => field.name) }),
  };
}

// argo v1.10.1 hack/gen-crd-spec/main.go createMetadataValidation
function isKept(struct: string, { name }: GoField): boolean {
  return struct !== 'ObjectMeta' || name === 'labels' || name === 'annotations';
}

function fieldSchema(struct: string, field: GoField, within: string): Schema {
  if (isOpen(struct, field.name, within)) return open;
  return field.options.reduce(withOption, typeSchema(field.type, struct));
}

// argo v1.10.1 hack/gen-crd-spec/main.go removeK8S118Fields
function isOpen(struct: string, field: string, within: string): boolean {
  if (struct === 'PodSpec') return field === 'volumes';
  return struct === 'ResourceRequirements' && field !== 'claims' && within !== 'PodSpec';
}

function typeSchema(type: GoType, within: string): Schema {
  switch (type.kind) {
    case 'pointer':
      return typeSchema(type.of, within);
    case 'slice':
      return { type: 'array', items: typeSchema(type.of, within) };
    case 'map': {
      const values = typeSchema(type.of, within);
      // Whatever a plugin is configured with.
      return values === openObject ? openObject : { type: 'object', additionalProperties: values };
    }
    case 'struct':
      return structSchema(type.name, within);
    case 'scalar':
      return scalars[type.name];
  }
}

/** What test/cluster/types/markers.go found in the comments of the field and of its type. */
function withOption(schema: Schema, option: string): Schema {
  const [name, value = ''] = option.split('=');
  switch (name) {
    case 'omitempty':
    case 'omitzero':
    case 'required':
    // Argo's definitions leave these to who creates the pods.
    case 'values':
      return schema;
    case 'default':
      return { ...schema, default: JSON.parse(value) };
    case 'enum':
      return { ...schema, enum: value.split(';') };
    case 'list':
      return { ...schema, 'x-kubernetes-list-type': value };
    case 'keys': {
      const keys = value.split(',');
      return { ...schema, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
    }
    case 'atomic':
      return withAtomic(schema);
    case 'immutable':
      return { ...schema, 'x-kubernetes-validations': [immutable] };
    default:
      throw new Error(`lib/model/gotypes.json has the option ${option}, which has no schema`);
  }
}

/** Of a list, its items are meant. */
function withAtomic(schema: Schema): Schema {
  if (schema.items !== undefined) return { ...schema, items: withAtomic(schema.items) };
  return { ...schema, 'x-kubernetes-map-type': 'atomic' };
}
