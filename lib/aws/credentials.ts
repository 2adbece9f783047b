import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { clientSettings } from './aws.ts';

/** A client acts by them in the account of the role, which it assumes; without a role it acts in our own. */
export function credentialsOf({ region, roleArn }: { region: string; roleArn?: string }) {
  return (
    roleArn !== undefined && {
      credentials: fromTemporaryCredentials({
        params: { RoleArn: roleArn, RoleSessionName: 'serin' },
        clientConfig: { region, ...clientSettings },
      }),
    }
  );
}
