import type { Command } from 'commander';
import { Document, isScalar, visit } from 'yaml';
import { usageError } from './exit.ts';
import type { Io } from './io.ts';
import { escaped, plain, toJson } from './text.ts';

/** How answers are printed. Most commands know the first two. */
export const outputForms = ['text', 'json', 'yaml', 'wide', 'name'] as const;
export type OutputForm = (typeof outputForms)[number];

const common: readonly OutputForm[] = ['text', 'json'];
const known = new WeakMap<Command, readonly OutputForm[]>();

/** Says of a command that it prints in all forms. */
export function printsAll(command: Command): Command {
  known.set(command, outputForms);
  return command;
}

export function formsOf(command: Command): readonly OutputForm[] {
  return known.get(command) ?? common;
}

/** Ends with what is wrong where a command does not know the form. */
export function checkForm(command: Command, form: OutputForm): void {
  const its = formsOf(command);
  if (its.includes(form)) return;
  const path = [command.parent?.parent ? command.parent.name() : '', command.name()];
  throw usageError(
    `serin ${path.filter(Boolean).join(' ')} does not print -o ${form}`,
    `It prints ${its.join(' and ')}; get and list print ${outputForms.join(', ')}.`,
  );
}

/** What the API answered, in its own shape. False where that was not asked for. */
export function sayData(io: Io, form: OutputForm, value: unknown): boolean {
  if (form === 'json') io.say(toJson(value, 2));
  else if (form === 'yaml') io.write(toYaml(value));
  else return false;
  return true;
}

/** YAML escapes no more than JSON does, and only between quotes. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && escaped(node.value) !== node.value)
        node.type = 'QUOTE_DOUBLE';
    },
  });
  return escaped(document.toString({ lineWidth: 0 }));
}

/** Each as `rollout.argoproj.io/web`, as kubectl prints and takes it. */
export function sayNames(
  io: Io,
  kind: 'rollout' | 'analysisrun',
  all: readonly { name: string }[],
): void {
  for (const { name } of all) io.say(plain(`${kind}.argoproj.io/${name}`));
}
