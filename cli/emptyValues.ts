import { type Argument, type Command, InvalidArgumentError, type Option } from 'commander';

/**
 * Refuses each empty value of an option or an argument, of the command and of those below it: most often
 * that is a variable of a pipeline that is not set, and what it stands for must not be taken for left out.
 */
export function refuseEmptyValues(command: Command): void {
  for (const option of command.options) {
    if (option.required || option.optional) refuseEmpty(option, 'or leave the option out');
  }
  for (const argument of command.registeredArguments) refuseEmpty(argument);
  for (const each of command.commands) refuseEmptyValues(each);
}

function refuseEmpty(taker: Option | Argument, otherwise?: string): void {
  const gather = (text: string, before: unknown) =>
    taker.variadic ? [...(Array.isArray(before) ? before : []), text] : text;
  const parse = taker.parseArg ?? gather;
  taker.argParser<unknown>((text, before) => {
    if (text.trim() !== '') return parse(text, before);
    const remedy = ['give a value', ...(otherwise ? [otherwise] : [])].join(', ');
    throw new InvalidArgumentError(`It is empty: ${remedy}.`);
  });
}
