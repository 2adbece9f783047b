// The cases that `types hashes` prints (test/cluster/types/README.md), answered by our own code.

import type { PodTemplateSpec, RolloutStrategy } from '../../lib/model/argo.generated.ts';
import { encodeGo } from '../../lib/model/encode.ts';
import { podTemplateHash, stepHash } from '../../lib/model/hash.ts';
import { checkStructure } from '../../lib/model/structure.ts';

export type GoCase =
  | { template: PodTemplateSpec; collisionCount?: number; hash: string }
  | { strategy: RolloutStrategy; hash: string }
  | { type: string; object: unknown; encoded: string }
  | { quantity: string; go?: string }
  | { time: string; go?: string | null }
  | { microTime: string; go?: string | null };

type Answer = { kind: string; ours: unknown; gos: unknown };

/** What we say to the case, and what Go says. */
export function answerOf(goCase: GoCase): Answer {
  if ('template' in goCase) {
    const ours = podTemplateHash(goCase.template, goCase.collisionCount);
    return { kind: 'template', ours, gos: goCase.hash };
  }
  if ('strategy' in goCase) {
    return {
      kind: 'strategy',
      ours: stepHash(goCase.strategy),
      gos: goCase.hash,
    };
  }
  if ('object' in goCase) {
    return { kind: 'object', ours: encodeGo(goCase.type, goCase.object), gos: goCase.encoded };
  }
  if ('quantity' in goCase) return leafAnswer('Quantity', goCase.quantity, goCase.go);
  if ('time' in goCase) return leafAnswer('Time', goCase.time, goCase.go);
  return leafAnswer('MicroTime', goCase.microTime, goCase.go);
}

// Where Go refuses a text (no `go` in the case), checkStructure must refuse it too.
function leafAnswer(type: string, text: string, go: string | null | undefined): Answer {
  const refused = checkStructure(type, text).length > 0;
  const ours = refused ? undefined : JSON.parse(encodeGo(type, text));
  return { kind: type, ours, gos: go };
}

/** Faults that checkStructure finds in what Go decoded without complaint. There should be none. */
export function falseFaultsOf(goCase: GoCase): string[] {
  const faults =
    'template' in goCase
      ? checkStructure('PodTemplateSpec', goCase.template)
      : 'strategy' in goCase
        ? checkStructure('RolloutStrategy', goCase.strategy)
        : 'object' in goCase
          ? checkStructure(goCase.type, goCase.object)
          : [];
  // Go drops unknown fields silently; the random inputs have some, all of this name.
  return faults
    .filter(({ path }) => !path.endsWith('notAField'))
    .map(({ path, message }) => `${path} ${message}`);
}
