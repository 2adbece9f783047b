import type { Millis } from '../model/units.ts';

/** Two attempts of this length: a service that is dead is known to be so within two seconds. */
const requestTimeoutMs: Millis = 900;
const connectTimeoutMs: Millis = 400;
const attemptsMax = 2;

/** Settings of every SDK client: bounded in time and in tries. */
export const clientSettings = {
  maxAttempts: attemptsMax,
  retryMode: 'standard',
  requestHandler: {
    connectionTimeout: connectTimeoutMs,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
  },
} as const;

/** Settings of a client that does not call again where nobody knows whether a call was carried out. */
export const onceSettings = {
  ...clientSettings,
  maxAttempts: 1,
  requestHandler: {
    ...clientSettings.requestHandler,
    requestTimeout: attemptsMax * requestTimeoutMs,
  },
} as const;

/** What the SDK's errors carry beside their name and message. */
export type SdkError = Error & {
  code?: string;
  $fault?: string;
  $retryable?: object;
  $metadata?: { httpStatusCode?: number };
};

/** What the SDK, Node's sockets and the services call things that pass. */
const passingNames = new Set([
  'AbortError',
  'InternalServerError',
  'KmsThrottled',
  'LimitExceededException',
  'OverLimit',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'ServiceUnavailable',
  'ThrottlingException',
  'TimeoutError',
  'TransactionConflictException',
]);
const passingCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Whether the same request may work later. */
export function isPassing({ name, code, $retryable, $metadata }: SdkError): boolean {
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    $retryable !== undefined ||
    status === 429 ||
    status >= 500 ||
    passingNames.has(name) ||
    passingCodes.has(code ?? '')
  );
}

/** The error in one line. */
export function sdkWords({ name, message, code }: SdkError): string {
  return [name, code, message].filter((word) => word !== undefined && word !== '').join(': ');
}
