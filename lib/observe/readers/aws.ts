import type { AwsCall, AwsCalls } from '../../model/loadBalancer.ts';
import type { AwsRead } from '../../model/reads.ts';
import type { Aws } from '../../world.ts';

export async function readAws<C extends AwsCall>(
  aws: Aws,
  { aws: call, input }: AwsRead<C>,
): Promise<AwsCalls[C]['answer']> {
  return await aws[call](input);
}
