import type { GoType } from './types.ts';
import * as types from './types.ts';

// Go's types of times, and what can be called on their values.

export const durationType: GoType = {
  kind: 'int64',
  name: 'time.Duration',
  path: 'time.Duration',
  methods: () => durationMethods,
};
export const timeType: GoType = {
  kind: 'struct',
  name: 'time.Time',
  path: 'time.Time',
  methods: () => timeMethods,
};
export const locationType: GoType = {
  kind: 'ptr',
  name: '*time.Location',
  methods: () => ({ String: types.func([], types.string) }),
};

const { bool, float64, int, int64, string } = types;
const method = (output: GoType, ...inputs: GoType[]) => types.func(inputs, output);

const durationMethods: Record<string, GoType> = {
  Hours: method(float64),
  Minutes: method(float64),
  Seconds: method(float64),
  Milliseconds: method(int64),
  Microseconds: method(int64),
  Nanoseconds: method(int64),
  String: method(string),
  Abs: method(durationType),
  Round: method(durationType, durationType),
  Truncate: method(durationType, durationType),
};

const timeMethods: Record<string, GoType> = {
  Year: method(int),
  Day: method(int),
  Hour: method(int),
  Minute: method(int),
  Second: method(int),
  Nanosecond: method(int),
  YearDay: method(int),
  Unix: method(int64),
  UnixMilli: method(int64),
  UnixMicro: method(int64),
  UnixNano: method(int64),
  IsZero: method(bool),
  Before: method(bool, timeType),
  After: method(bool, timeType),
  Equal: method(bool, timeType),
  Add: method(timeType, durationType),
  Sub: method(durationType, timeType),
  UTC: method(timeType),
  String: method(string),
};
