import type { Argument, Command, Option } from 'commander';
import { plain } from '../text.ts';
import type { Named } from './live.ts';

/** One word that may come next, and what it is. */
type Candidate = { word: string; about?: string };
type Candidates = { found: Candidate[]; takesFiles?: boolean };
/** The names there are of something; none where nobody can be asked. */
type NamesOf = (what: Named, options: Record<string, string>) => Promise<string[]>;

/**
 * What may stand in place of the last of the words behind `serin`. `takesFiles`: a file may stand there
 * too, of which the shell knows more.
 */
export async function candidates(
  program: Command,
  words: string[],
  namesOf: NamesOf,
): Promise<Candidates> {
  const last = words.at(-1) ?? '';
  const place = placeOf(program, words.slice(0, -1));
  const all = await atPlace(place, last, namesOf);
  return { ...all, found: all.found.filter(({ word }) => word.startsWith(last)) };
}

type Place = {
  command: Command;
  /** How many arguments of the command stand before. */
  given: number;
  /** Whose value comes next. */
  option?: Option;
  options: Record<string, string>;
};

function placeOf(program: Command, words: string[]): Place {
  const place: Place = { command: program, given: 0, options: {} };
  for (const word of words) {
    if (place.option !== undefined) {
      place.options[place.option.attributeName()] = word;
      delete place.option;
    } else if (word.startsWith('-') && word !== '-') {
      const [flag = '', value] = word.split('=', 2);
      const option = optionsOf(place.command).find(
        ({ long, short }) => long === flag || short === flag,
      );
      if (value !== undefined && option) place.options[option.attributeName()] = value;
      else if (option?.required) place.option = option;
    } else {
      const isIt = (each: Command) => [each.name(), ...each.aliases()].includes(word);
      const below = place.given === 0 ? place.command.commands.find(isIt) : undefined;
      if (below === undefined) place.given += 1;
      else place.command = below;
    }
  }
  return place;
}

/** Its own first: what it calls the same as a global one is another. */
function optionsOf(command: Command): Option[] {
  const own = command.options.filter(({ hidden }) => !hidden);
  const above = command.parent === null ? [] : optionsOf(command.parent);
  return [...own, ...above.filter(({ long }) => !own.some((each) => each.long === long))];
}

async function atPlace(place: Place, last: string, namesOf: NamesOf): Promise<Candidates> {
  const { command, given, option, options } = place;
  if (option !== undefined) return await valuesOf(option, { command, options }, namesOf);
  if (last.startsWith('-')) return { found: optionsOf(command).map(optionCandidate) };
  const isGroup = command.commands.length > 0;
  if (isGroup && given === 0) return { found: command.commands.map(commandCandidate) };
  const its = command.registeredArguments;
  const argument = its[given] ?? (its.at(-1)?.variadic ? its.at(-1) : undefined);
  return argument === undefined ? { found: [] } : await argumentsOf(argument, options, namesOf);
}

function optionCandidate({ long, short, description }: Option): Candidate {
  return { word: long ?? short ?? '', about: description };
}

function commandCandidate(command: Command): Candidate {
  return { word: command.name(), about: command.summary() || command.description() };
}

const namedByOption: Partial<Record<string, Named>> = {
  cluster: 'cluster',
  namespace: 'namespace',
  context: 'context',
};

async function valuesOf(
  option: Option,
  { command, options }: Pick<Place, 'command' | 'options'>,
  namesOf: NamesOf,
): Promise<Candidates> {
  if (option.argChoices) return { found: option.argChoices.map((word) => ({ word })) };
  const name = option.attributeName();
  const isOwn = command.options.includes(option);
  const what = name === 'context' && isOwn ? 'kubeContext' : namedByOption[name];
  if (what === undefined) return { found: [], takesFiles: /file|path|dir/.test(option.flags) };
  return { found: asCandidates(await namesOf(what, options)) };
}

async function argumentsOf(
  argument: Argument,
  options: Record<string, string>,
  namesOf: NamesOf,
): Promise<Candidates> {
  const { argChoices, description } = argument;
  if (argChoices) return { found: argChoices.map((word) => ({ word })) };
  // What an argument is, its description says first.
  const [, what] = /^the (rollout|context|cluster)\b/.exec(description) ?? [];
  if (what === undefined) return { found: [], takesFiles: /file|template/.test(argument.name()) };
  return { found: asCandidates(await namesOf(what as Named, options)) };
}

function asCandidates(names: string[]): Candidate[] {
  return [...new Set(names)].map((word) => ({ word }));
}

/** One line for each, with a tab before what it is, as the scripts of the shells read them. */
export function candidateLines({ found, takesFiles }: Candidates): string[] {
  const lines = found.map(({ word, about }) =>
    [plain(word), ...(about ? [plain(about)] : [])].join('\t'),
  );
  return [...lines, ...(takesFiles ? [':files'] : [])];
}
