import { pageSignIn } from '../access/signIn.ts';
import { systemClock } from '../clock.ts';
import { folderAt } from '../packaged.ts';
import { dynamoClient, dynamoStore } from '../store/dynamo.ts';
import type { PageSource } from '../web/answer.ts';
import { readPageFiles } from '../web/files.ts';
import { readEnvironment } from './environment.ts';
import type { Traced } from './tracing.ts';
import { version } from './version.ts';
import { lambdaLog } from './world.ts';

/** The page on AWS: its files from a folder, and from the settings in the table how people sign in. */
export async function livePage(
  env: Record<string, string | undefined>,
  folder: URL,
  traced: Traced,
): Promise<PageSource> {
  const { table } = readEnvironment(env);
  const log = lambdaLog();
  const { documents } = dynamoStore({ client: traced(dynamoClient()), table, log });
  const signIn = pageSignIn({ documents, clock: systemClock, log });
  const files = readPageFiles(folderAt(folder));
  return { files, config: async () => ({ version, ...(await signIn()) }) };
}
