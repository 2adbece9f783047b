import { shown } from './event.ts';

// Texts of a rule with placeholders in braces, filled from an event that somebody else wrote.

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
