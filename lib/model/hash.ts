// The two hashes by which Argo recognises a ReplicaSet and a list of steps, equal to Argo's.

import type { PodTemplateSpec, RolloutStrategy } from './argo.generated.ts';
import { encodeGo } from './encode.ts';
import { typesText } from './gotypes.ts';
import { perObject } from './perObject.ts';

// k8s.io/apimachinery v0.34.5 pkg/util/rand/rand.go: no vowels, so that no hash is a bad word.
const safeCharacters = 'bcdfghjklmnpqrstvwxz2456789';

/** argo v1.10.1 utils/hash/hash.go */
export function podTemplateHash(
  template: PodTemplateSpec | null | undefined,
  collisionCount?: number | null,
): string {
  // A rollout without a template has one of zeros in Go.
  const hash = hashOf(template ?? zero);
  if (collisionCount === undefined || collisionCount === null) return safeEncode(hash);
  return safeEncode(fnv1a32(littleEndian8(collisionCount), hash));
}

const zero: PodTemplateSpec = {};
const hashOf = perObject((template: PodTemplateSpec): number =>
  fnv1a32(utf8(encodeGo('PodTemplateSpec', remarshal('PodTemplateSpec', template)))),
);

/** Empty unless the strategy is a canary. argo v1.10.1 utils/conditions/conditions.go */
export function stepHash(strategy: RolloutStrategy | null | undefined): string {
  return strategy ? stepHashOf(strategy) : '';
}

const stepHashOf = perObject((strategy: RolloutStrategy): string => {
  const { blueGreen, canary } = remarshal('RolloutStrategy', strategy);
  if (blueGreen !== undefined || canary === undefined) return '';
  return safeEncode(fnv1a32(utf8(encodeGo('[]CanaryStep', canary.steps))));
});

let functionId: string | undefined;

/** Another one whenever the types are others: the same template may have another hash then. */
export function hashFunctionId(): string {
  functionId ??= textDigest(typesText());
  return functionId;
}

export function textDigest(text: string): string {
  return safeEncode(fnv1a32(utf8(text)));
}

// Before it looks at a rollout, Argo encodes and decodes it once. That shows in what it hashes: an
// empty list of steps, for one, is none afterwards. argo v1.10.1 rollout/controller.go
function remarshal<T>(typeName: string, value: T | null | undefined): T {
  return JSON.parse(encodeGo(typeName, value));
}

const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

function fnv1a32(bytes: Iterable<number>, start = fnvOffset): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, fnvPrime);
  return hash >>> 0;
}

/** Takes a text without lone surrogates, which the encoder has replaced. */
function* utf8(text: string): Generator<number> {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) {
      yield point;
      continue;
    }
    if (point < 0x800) {
      yield 0xc0 | (point >> 6);
    } else {
      if (point < 0x10000) {
        yield 0xe0 | (point >> 12);
      } else {
        yield 0xf0 | (point >> 18);
        yield 0x80 | ((point >> 12) & 0x3f);
      }
      yield 0x80 | ((point >> 6) & 0x3f);
    }
    yield 0x80 | (point & 0x3f);
  }
}

// Argo writes 32 bits into eight bytes; the upper four stay zero.
function littleEndian8(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff).concat(0, 0, 0, 0);
}

function safeEncode(hash: number): string {
  const encoded = [...String(hash)].map((digit) => safeCharacters[digit.charCodeAt(0) % 27]);
  return encoded.join('');
}
