import type { Command } from 'commander';
import { decodeJwt } from 'jose';
import { contextNamed, readConfig, type SignInSettings } from '../config/contexts.ts';
import { exitCodes, usageError } from '../exit.ts';
import { action, type Call, type Cli, type GlobalOptions, type Io } from '../io.ts';
import { port } from '../process.ts';
import { plain } from '../text.ts';
import type { Session, SignedIn } from './session.ts';

type Options = { device?: true; port: number };

export function addLogin(program: Command, cli: Cli): void {
  program
    .command('login')
    .helpGroup('Setup:')
    .summary('sign in to a server, by OIDC')
    .description(
      'Signs you in as a context of `serin config` says: in a browser of this machine, which comes back to ' +
        'a port of it, or with --device by a code that you type on any machine. The tokens are kept in a ' +
        'file for your eyes only, below $XDG_STATE_HOME/serin or ~/.local/state/serin, and renewed when ' +
        'they end. They are sent to the server of that context and to no other.',
    )
    .option('--device', 'by a code, where no browser can be started')
    .option(
      '--port <n>',
      'the port that the browser comes back to, where the issuer wants a fixed one',
      port,
      0,
    )
    .addHelpText(
      'after',
      `
The issuer must know the client as a public one, with the redirect address http://127.0.0.1/callback on
any port.

Examples:
  serin config set prod --issuer https://login.example.com --client-id serin-cli
  serin login
  serin login --context prod --device`,
    )
    .action(action<Options>(cli, login));
  program
    .command('logout')
    .helpGroup('Setup:')
    .summary('forget the tokens of a sign-in')
    .description('Deletes the tokens of `serin login`, and has the issuer revoke them if it can.')
    .addHelpText('after', '\nExamples:\n  serin logout\n  serin logout --context prod')
    .action(action(cli, logout));
}

async function login({ options, io }: Call<Options>) {
  const whose = whoseSignIn(options, io);
  const [{ byBrowser, byDevice }, { asked, providerOf }, { keepSession, sessionOf }] =
    await Promise.all([import('./flows.ts'), import('./provider.ts'), import('./session.ts')]);
  const provider = await providerOf(whose.signIn, io.stop);
  const answer = await asked(whose.signIn, io.stop, () =>
    options.device ? byDevice(provider, io) : byBrowser(provider, options, io),
  );
  const session = sessionOf(answer, whose.signIn);
  keepSession(whose, session, io.env);
  const who = whoIn(answer.id_token ?? session.token);
  io.say(plain(`Signed in to ${whose.server}${who === undefined ? '' : ` as ${who}`}.`));
  if (session.refreshToken === undefined) {
    const until = new Date(session.expiresAt).toISOString();
    io.warn(`serin: the issuer gave no refresh token: this ends at ${until}`);
  }
  return exitCodes.ok;
}

async function logout({ options, io }: Call<unknown>) {
  const whose = whoseSignIn(options, io);
  const { forgetSession, readSession } = await import('./session.ts');
  const session = readSession(whose, io.env);
  forgetSession(whose, io.env);
  if (session === undefined) {
    io.say(plain(`You were not signed in to ${whose.server}.`));
    return exitCodes.ok;
  }
  // What is forgotten here is gone from here, whatever the issuer does.
  await revoked(whose.signIn, session, io).catch((error: Error) => {
    io.stop.throwIfAborted();
    io.warn(plain(`serin: the tokens were not revoked: ${error.message}`));
  });
  io.say(plain(`Signed out of ${whose.server}.`));
  return exitCodes.ok;
}

async function revoked(signIn: SignInSettings, session: Session, { stop }: Io): Promise<void> {
  const [oauth, { asked, providerOf, publicClient }] = await Promise.all([
    import('oauth4webapi'),
    import('./provider.ts'),
  ]);
  const { as, client, options } = await providerOf(signIn, stop);
  const token = session.refreshToken;
  if (as.revocation_endpoint === undefined || token === undefined) return;
  await asked(signIn, stop, async () =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, publicClient, token, options()),
    ),
  );
}

/** The context that is meant, which has to say who signs people in. */
function whoseSignIn(options: GlobalOptions, { env }: Io): SignedIn {
  const config = readConfig(env);
  const name = options.context ?? (env.SERIN_CONTEXT || undefined) ?? config.current;
  if (name === undefined) {
    throw usageError(
      'sign in where? There is no context',
      'Make one: serin config set NAME --server URL --issuer URL --client-id ID',
    );
  }
  const { server, signIn } = contextNamed(config, name);
  if (signIn === undefined) {
    throw usageError(
      plain(`context ${name} does not say who signs people in`),
      plain(`Say it: serin config set ${name} --issuer URL --client-id ID`),
    );
  }
  return { server, signIn };
}

/** What people would call themselves, of a token that the issuer has just given. */
function whoIn(token: string): string | undefined {
  try {
    const { email, preferred_username: username, name, sub } = decodeJwt(token);
    return [email, username, name, sub].find((each) => typeof each === 'string');
  } catch {
    return undefined;
  }
}
