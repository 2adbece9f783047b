import type { Millis } from './units.ts';

// What measurements ask of AWS, and what it answers.

/** A query of CloudWatch's GetMetricData, with the fields that it has there. */
export type MetricDataQuery = {
  Id: string;
  Expression?: string;
  Label?: string;
  MetricStat?: {
    Metric: {
      Namespace?: string;
      MetricName?: string;
      Dimensions?: { Name: string; Value: string }[];
    };
    Period: number;
    Stat: string;
    Unit?: string;
  };
  Period?: number;
  ReturnData?: boolean;
};

/** `nonce`: names the measurement. */
export type MetricDataInput = {
  queries: MetricDataQuery[];
  from: Millis;
  to: Millis;
  nonce: string;
};

export type MetricDataAnswer = {
  results: MetricDataResult[];
  messages: { code: string; value: string }[];
};
type MetricDataResult = {
  id?: string;
  label?: string;
  statusCode?: string;
  timestamps: Millis[];
  values: number[];
  messages: { code: string; value: string }[];
};

/** `payload`: JSON. */
export type InvokeInput = { functionName: string; payload: string; nonce: string };
/** `functionError`: it ended with an error, which the payload tells of. */
export type FunctionResult = { payload: string; functionError?: string };
