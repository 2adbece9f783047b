import { isPassing, type SdkError, sdkWords } from '../aws/aws.ts';
import { Terminal, Transient } from '../errors.ts';

/** One of the four kinds for what the SDK threw; anything that is not the SDK's stays as it is. */
export function tableError(error: unknown, table: string): unknown {
  if (!(error instanceof Error)) return error;
  const failed: SdkError = error;
  if (isPassing(failed)) {
    return new Transient(`table ${table} did not answer: ${sdkWords(failed)}`, { cause: error });
  }
  const advice = adviceFor(failed, table);
  return advice === undefined ? error : new Terminal(advice, { cause: error });
}

function adviceFor(error: SdkError, table: string): string | undefined {
  const said = sdkWords(error);
  switch (error.name) {
    case 'AccessDeniedException':
      return (
        `access to table ${table} was refused (${said}): grant this role dynamodb:GetItem, PutItem, ` +
        'DeleteItem and Query on the table and on its indexes'
      );
    case 'ResourceNotFoundException':
      return `there is no table ${table} in this Region: create it, or correct its name (${said})`;
    case 'CredentialsProviderError':
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
      return `table ${table} needs valid AWS credentials: sign in or renew them (${said})`;
    default:
      return error.$fault === undefined ? undefined : `table ${table} refused the request: ${said}`;
  }
}
