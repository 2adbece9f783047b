import { shown } from './event.ts';

// The texts of a rule: templates with placeholders in braces, and patterns with stars. What they are filled
// from and held against, somebody else wrote.

const placeholder = /\{([^{}]*)\}/g;

/** What a value may be inside an image reference: it cannot end one part of it and begin another. */
const part = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digest = /^sha256:[a-f0-9]{64}$/;
const imageReference = new RegExp(
  [
    '^[a-z0-9][a-z0-9._-]*(?::\\d{1,5})?',
    '(?:/[a-z0-9][a-z0-9._-]*)*',
    '(?::\\w[\\w.-]{0,127})?',
    '(?:@sha256:[a-f0-9]{64})?$',
  ].join(''),
);
const podHash = /^[a-z0-9]{1,63}$/;

type Filled = { text: string } | { fault: string };

export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(placeholder)].map(([, name = '']) => name);
}

/** Whether the template can become an image reference at all. */
export function isImageTemplate(template: string): boolean {
  const probe = template.replace(placeholder, (_whole, _name, at: number) =>
    template[at - 1] === '@' ? `sha256:${'0'.repeat(64)}` : 'x1',
  );
  return imageReference.test(probe);
}

export function filledImage(template: string, values: Record<string, string>): Filled {
  return filled(template, values, imageReference, 'an image reference');
}

export function filledHash(template: string, values: Record<string, string>): Filled {
  return filled(template, values, podHash, 'a pod template hash');
}

function filled(
  template: string,
  values: Record<string, string>,
  form: RegExp,
  what: string,
): Filled {
  const faults: string[] = [];
  const text = template.replace(placeholder, (_whole, name: string, at: number) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) faults.push(`the event has no ${name}`);
    else if (!part.test(value) && !(template[at - 1] === '@' && digest.test(value))) {
      faults.push(`${name} is ${JSON.stringify(shown(value))}, which cannot be part of ${what}`);
    }
    return value ?? '';
  });
  if (faults.length === 0 && !form.test(text)) faults.push(`${shown(text)} is not ${what}`);
  return faults.length === 0 ? { text } : { fault: faults.join('; ') };
}

/** A letter, or a star: a deep one passes over slashes too. */
type Piece = { letter: string } | { isDeep: boolean };

/**
 * Whether a name fits a pattern: `*` stands for anything but a slash, `**` for anything. Both are
 * strangers' texts: the work is at most the product of their lengths, whatever they hold.
 */
export function fits(pattern: string, name: string): boolean {
  const pieces = (pattern.match(/\*+|[^*]/g) ?? []).map(
    (text): Piece => (text.startsWith('*') ? { isDeep: text !== '*' } : { letter: text }),
  );
  // How many pieces may be used up by what was read of the name so far.
  let reached = passStars(pieces, new Set([0]));
  for (const letter of name.split('')) {
    const next = new Set<number>();
    for (const at of reached) {
      const piece = pieces[at];
      if (piece === undefined) continue;
      if ('isDeep' in piece) {
        if (piece.isDeep || letter !== '/') next.add(at);
      } else if (piece.letter === letter) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = passStars(pieces, next);
  }
  return reached.has(pieces.length);
}

/** A star may stand for nothing. No two follow each other. */
function passStars(pieces: Piece[], reached: Set<number>): Set<number> {
  for (const at of reached) {
    const piece = pieces[at];
    if (piece !== undefined && 'isDeep' in piece) reached.add(at + 1);
  }
  return reached;
}
