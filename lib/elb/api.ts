import type {
  DescribeListenersCommandInput,
  DescribeListenersCommandOutput,
  DescribeLoadBalancersCommandInput,
  DescribeLoadBalancersCommandOutput,
  DescribeRulesCommandInput,
  DescribeRulesCommandOutput,
  DescribeTagsCommandInput,
  DescribeTagsCommandOutput,
  DescribeTargetGroupsCommandInput,
  DescribeTargetGroupsCommandOutput,
  DescribeTargetHealthCommandInput,
  DescribeTargetHealthCommandOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';

type Call<Input, Output> = (input: Input) => Promise<Omit<Output, '$metadata'>>;

/**
 * Elastic Load Balancing's API in one region of one account, as far as it is called. Each call rejects with
 * one of the errors of lib/errors.ts: Transient for a throttle, MissingRight where the role may not call it.
 */
export type ElbApi = {
  DescribeLoadBalancers: Call<
    DescribeLoadBalancersCommandInput,
    DescribeLoadBalancersCommandOutput
  >;
  DescribeListeners: Call<DescribeListenersCommandInput, DescribeListenersCommandOutput>;
  DescribeRules: Call<DescribeRulesCommandInput, DescribeRulesCommandOutput>;
  DescribeTargetGroups: Call<DescribeTargetGroupsCommandInput, DescribeTargetGroupsCommandOutput>;
  DescribeTags: Call<DescribeTagsCommandInput, DescribeTagsCommandOutput>;
  DescribeTargetHealth: Call<DescribeTargetHealthCommandInput, DescribeTargetHealthCommandOutput>;
};
export type ElbCall = keyof ElbApi;
