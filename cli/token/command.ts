import { type Command, Option } from 'commander';
import { newToken, tokenId } from '../../lib/access/tokens.ts';
import type { Document } from '../../lib/model/documents.ts';
import { hourMs, type Millis, toTime } from '../../lib/model/units.ts';
import { groupName } from '../../lib/settings/names.ts';
import type { Documents } from '../../lib/world.ts';
import { administered, openAwsTable, operator, type TableOptions, tableOption } from '../admin.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, sayJson } from '../io.ts';
import { columns, plainAll } from '../text.ts';

type CreateOptions = TableOptions & { group: string[]; expires: Millis };

const dayMs = 24 * hourMs;
const lifeDaysMax = 366;
const tokensMax = 10_000;
/** So much of an id tells one token from another. */
const shownLength = 12;

export function addToken(program: Command, cli: Cli): void {
  const token = program
    .command('token')
    .helpGroup('On AWS:')
    .summary('make and revoke long-lived tokens')
    .description(
      'Long-lived tokens for Serin on AWS, for callers that can use neither OIDC nor AWS credentials. A ' +
        'token may do what policies permit Token::"NAME" or its groups. The table stores only its SHA-256.',
    )
    .addHelpText(
      'after',
      `
Examples:
  serin token create nightly --group releasers --expires 90d --table serin-prod
  serin token list --table serin-prod
  serin token revoke nightly --table serin-prod`,
    );
  token
    .command('create')
    .summary('make a token, which is shown only once')
    .argument('<name>', 'its name in policies and in the ledger')
    .option('--group <name>', 'a group it is in; may be repeated', gather, [])
    .addOption(
      new Option('--expires <days>', 'for how long, such as 90d')
        .argParser(days)
        .default(90 * dayMs, '90d'),
    )
    .option(...tableOption)
    .action(action<CreateOptions>(cli, create));
  token
    .command('list')
    .summary('list tokens that are valid')
    .option(...tableOption)
    .action(action<TableOptions>(cli, list));
  token
    .command('revoke')
    .summary('end a token at once')
    .argument('<name>', 'its id, or a name to revoke all tokens of that name')
    .option(...tableOption)
    .action(action<TableOptions>(cli, revoke));
}

function gather(name: string, before: string[]): string[] {
  return [...before, name];
}

function days(text: string): Millis {
  const count = Number(/^(\d{1,3})d$/.exec(text)?.[1] ?? 0);
  if (count >= 1 && count <= lifeDaysMax) return count * dayMs;
  throw usageError(
    `--expires ${text} is no time to live`,
    `Give days from 1d to ${lifeDaysMax}d: a token that never ends is one nobody misses.`,
  );
}

async function create({ args: [name = ''], options, io }: Call<CreateOptions>) {
  for (const each of [name, ...options.group]) {
    const { success, error } = groupName.safeParse(each);
    if (!success) throw usageError(`${each}: ${error.issues[0]?.message}`, 'Choose another name.');
  }
  const { documents } = await openAwsTable(options, io);
  const text = newToken();
  const id = tokenId(text) ?? '';
  const createdAt = Date.now();
  const expiresAt = createdAt + options.expires;
  const body = { name, groups: options.group, createdAt, createdBy: operator() };
  const others = await administered(async () => {
    const same = (await all(documents)).filter((each) => each.body.name === name);
    await documents.put({ kind: 'token', id, version: 0, expiresAt, body });
    return same.length;
  });
  const until = toTime(expiresAt);
  if (options.output === 'json') sayJson(io, { token: text, id, expiresAt, ...body });
  else io.say(text);
  io.warn(`Valid until ${until}. It is not shown again: put it where secrets are kept.`);
  if (others > 0) io.warn(`${others} more of this name are valid; serin token list shows them.`);
  return exitCodes.ok;
}

async function all(documents: Documents): Promise<Document<'token'>[]> {
  const found: Document<'token'>[] = [];
  let cursor: string | undefined;
  do {
    const page = await documents.list({ kind: 'token' }, { limit: 100, ...(cursor && { cursor }) });
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined && found.length < tokensMax);
  return found;
}

async function list({ options, io }: Call<TableOptions>) {
  const { documents } = await openAwsTable(options, io);
  const found = await administered(() => all(documents));
  const rows = found.map(({ id, expiresAt, body }) => ({ id, expiresAt, ...body }));
  if (options.output === 'json') sayJson(io, { items: rows });
  else if (rows.length === 0) io.warn('No token is valid.');
  else {
    const head = ['NAME', 'GROUPS', 'CREATED', 'BY', 'EXPIRES', 'ID'];
    const lines = plainAll(rows).map((row) => [
      row.name,
      row.groups.join(',') || '-',
      toTime(row.createdAt),
      row.createdBy,
      row.expiresAt === undefined ? 'never' : toTime(row.expiresAt),
      row.id.slice(0, shownLength),
    ]);
    for (const line of columns([head, ...lines])) io.say(line);
  }
  return exitCodes.ok;
}

async function revoke({ args: [name = ''], options, io }: Call<TableOptions>) {
  const { documents } = await openAwsTable(options, io);
  const gone = await administered(async () => {
    const isMeant = ({ id, body }: Document<'token'>) =>
      body.name === name || (name.length >= shownLength && id.startsWith(name));
    const meant = (await all(documents)).filter(isMeant);
    for (const { id, version } of meant) await documents.remove({ kind: 'token', id }, version);
    return meant;
  });
  if (gone.length === 0) {
    throw new CliError(`no valid token is called ${name}`, {
      exitCode: exitCodes.unreachable,
      hint: '`serin token list` shows those that are.',
    });
  }
  for (const { id, body } of plainAll(gone)) {
    io.say(`Revoked ${body.name} (${id.slice(0, shownLength)}).`);
  }
  return exitCodes.ok;
}
