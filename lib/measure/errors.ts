import { isPassing, type SdkError, sdkWords } from '../aws/aws.ts';
import { MissingRight, NotFound, Terminal, Transient } from '../errors.ts';

const forbidden = /^(?:AccessDenied|AccessDeniedException|UnauthorizedOperation|KMSAccessDenied)/;
const gone = new Set(['ParameterNotFound', 'ResourceNotFoundException']);
const unknown = new Set([
  'CredentialsProviderError',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'ExpiredToken',
  'ExpiredTokenException',
  'SignatureDoesNotMatch',
]);

/** The error of lib/errors.ts for what a call threw about `what`. `action`: the right that it takes. */
export function measuringError(
  error: SdkError,
  { what, action }: { what: string; action: string },
) {
  const said = `${what}: ${sdkWords(error)}`;
  const cause = { cause: error };
  if (gone.has(error.name)) return new NotFound(said, cause);
  if (error.name.startsWith('Throttl') || error.name === 'TooManyRequestsException') {
    return new Transient(said, cause);
  }
  if (isPassing(error)) return new Transient(said, cause);
  if (forbidden.test(error.name)) {
    const rights = /assume/i.test(error.message)
      ? 'this role to assume that one, and that one to be assumed'
      : `the role ${action}`;
    return new MissingRight(said, `allow ${rights}`);
  }
  if (unknown.has(error.name)) {
    return new MissingRight(said, 'give Serin AWS credentials that are good for that account');
  }
  return new Terminal(said, cause);
}
