import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Terminal, Transient } from '../errors.ts';
import type { Inquiry, InquiryAnswer } from '../model/inquiry.ts';
import { type Millis, secondMs } from '../model/units.ts';
import { foundIn, type InvokeAnswer, type InvokeRequest } from '../world.ts';
import { isPassing, type SdkError, sdkWords } from './aws.ts';
import type { Environment } from './environment.ts';
import { type Traced, untraced } from './tracing.ts';

/** API Gateway answers by itself after 30 s; before this, 5 s may have gone into who the caller is. */
const timeoutMs: Millis = 22 * secondMs;

/**
 * Has the reconcile function carry a command out, or look, and waits. Where readers have a function of
 * their own, it is named to them alone: they must not take the place of somebody who aborts, nor must
 * what a command looks at wait behind them.
 */
export function lambdaInvoke(
  { reconcileFunction, lookFunction }: Environment,
  traced: Traced = untraced,
) {
  const own = new LambdaClient({
    // A call that was made must not be made again: what it did is in the table.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: secondMs, requestTimeout: timeoutMs },
  });
  const client = traced(own);
  const call = async <A extends object>(event: object, isLook: boolean): Promise<A> => {
    const name = (isLook ? lookFunction : undefined) ?? reconcileFunction;
    if (name === undefined) throw new Terminal('this function may not invoke reconcile');
    const { FunctionError, Payload } = await client
      .send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }))
      .catch((error: SdkError) => {
        throw invokeError(error, name);
      });
    const answer = JSON.parse(new TextDecoder().decode(Payload));
    if (FunctionError === undefined) return foundIn<A>(answer);
    throw remoteError(answer, name);
  };
  return {
    invoke: (request: InvokeRequest) => call<InvokeAnswer>(request, request.look === true),
    inquire: (inquiry: Inquiry) => call<InquiryAnswer>({ inquiry }, true),
  };
}

function invokeError(error: SdkError, name: string): Error {
  const said = `function ${name}: ${sdkWords(error)}`;
  const isBusy = error.name === 'TooManyRequestsException';
  if (isBusy || isPassing(error)) return new Transient(said, { cause: error });
  return new Terminal(`${said}: check that this role may do lambda:InvokeFunction on it`, {
    cause: error,
  });
}

/** The error that the function ended with, of the kind it was there. */
function remoteError(
  { errorType, errorMessage }: { errorType?: string; errorMessage?: string },
  name: string,
): Error {
  const text = errorMessage ?? `function ${name} failed`;
  if (errorType === 'Terminal') return new Terminal(text);
  // A function that was stopped, a bug, a throttle: the command is in the table and comes to its turn.
  return new Transient(text);
}
