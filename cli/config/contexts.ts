import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { whyUnread } from '../../lib/errors.ts';
import type { Env } from '../../server/dataFolder.ts';
import { CliError, exitCodes, usageError } from '../exit.ts';
import { plain } from '../text.ts';

const text = z.string().trim().min(1);

const contextSchema = z.strictObject({
  name: text,
  server: text,
  cluster: text.exactOptional(),
  namespace: text.exactOptional(),
  /** How people sign in there, by OIDC; `audience` where access tokens are for another than the client. */
  signIn: z
    .strictObject({
      issuer: text,
      clientId: text,
      scopes: text.exactOptional(),
      audience: text.exactOptional(),
    })
    .exactOptional(),
});
const fileSchema = z.strictObject({
  current: text.exactOptional(),
  contexts: z.array(contextSchema).default([]),
});

/** A server with what is usually meant on it. */
export type NamedContext = z.infer<typeof contextSchema>;
export type SignInSettings = NonNullable<NamedContext['signIn']>;
export type ConfigFile = z.infer<typeof fileSchema>;

export function configPath(env: Env): string {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  return join(config, 'serin', 'config.yaml');
}

/** No file is a file without contexts. Throws a CliError for one that cannot be read or is none. */
export function readConfig(env: Env): ConfigFile {
  const path = configPath(env);
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { contexts: [] };
    throw new CliError(plain(`cannot read ${path}: ${whyUnread(error)}`), {
      exitCode: exitCodes.unreachable,
      hint: 'Put that right, or move the file away.',
    });
  }
  const parsed = fileSchema.safeParse(parsedYaml(content, path) ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw broken(path, `${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
}

function parsedYaml(content: string, path: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    throw broken(path, (error as Error).message.split('\n')[0] ?? '');
  }
}

function broken(path: string, why: string): CliError {
  return usageError(
    plain(`${path} is no configuration of serin: ${why}`),
    'Put that right, or move the file away and use `serin config set`.',
  );
}

/** Put in place whole, for this user alone. */
export function writeConfig(config: ConfigFile, env: Env): void {
  writePrivate(configPath(env), stringify(config));
}

/** A file of this user's alone: whoever reads it meanwhile sees the old one or the new one. */
export function writePrivate(path: string, content: string): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, content, { mode: 0o600, flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new CliError(plain(`cannot write ${path}: ${(error as Error).message}`), {
      exitCode: exitCodes.unreachable,
      hint: 'Make the folder writable, or set XDG_CONFIG_HOME and XDG_STATE_HOME to others.',
    });
  }
}

/** The context of that name. */
export function contextNamed(config: ConfigFile, name: string): NamedContext {
  const found = config.contexts.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = config.contexts.map((each) => each.name).join(', ') || 'none';
  throw usageError(
    plain(`there is no context ${name}; there is: ${names}`),
    `Make it: serin config set ${plain(name)} --server URL --cluster NAME`,
  );
}
