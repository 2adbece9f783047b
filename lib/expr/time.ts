import { own } from '../model/own.ts';
import { type CivilDate, dateOfDays, daysSinceEpoch } from './civil.ts';
import { type Go, Named, Sized } from './goValue.ts';
import { durationType, locationType, timeType } from './timeTypes.ts';
import { int64 } from './types.ts';
import { type Place, utc } from './zones.ts';

// Go's times and durations. time/time.go and time/format.go of Go 1.26

const second = 1_000_000_000n;
const day = 86_400n * second;

type Method = (args: Go[]) => Go;

function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

export class Duration extends Named {
  readonly type = durationType;
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    super();
    this.nanos = nanos;
  }

  text(): string {
    const nanos = this.nanos < 0n ? -this.nanos : this.nanos;
    if (nanos === 0n) return '0s';
    const sign = this.nanos < 0n ? '-' : '';
    if (nanos < 1000n) return `${sign}${nanos}ns`;
    if (nanos < 1_000_000n) return `${sign}${decimal(nanos, 3)}µs`;
    if (nanos < second) return `${sign}${decimal(nanos, 6)}ms`;
    const seconds = `${decimal(nanos % (60n * second), 9)}s`;
    const minutes = nanos / (60n * second);
    if (minutes === 0n) return sign + seconds;
    const hours = minutes / 60n;
    return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
  }

  json(): string {
    return String(this.nanos);
  }

  method(name: string): Method | undefined {
    const parts = own({ Hours: 3600n * second, Minutes: 60n * second, Seconds: second }, name);
    if (parts !== undefined) {
      return () => Number(this.nanos / parts) + Number(this.nanos % parts) / Number(parts);
    }
    const units = own({ Milliseconds: 1_000_000n, Microseconds: 1000n, Nanoseconds: 1n }, name);
    if (units !== undefined) return () => new Sized(int64, this.nanos / units);
    if (name === 'String') return () => this.text();
    if (name === 'Abs') return () => new Duration(this.nanos < 0n ? wrap(-this.nanos) : this.nanos);
    if (name === 'Truncate') return ([unit]) => this.#truncated(unit);
    return name === 'Round' ? ([unit]) => this.#rounded(unit) : undefined;
  }

  #truncated(unit: Go | undefined): Duration {
    const size = unit instanceof Duration ? unit.nanos : 0n;
    return size <= 0n ? this : new Duration(this.nanos - (this.nanos % size));
  }

  #rounded(unit: Go | undefined): Duration {
    const size = unit instanceof Duration ? unit.nanos : 0n;
    if (size <= 0n) return this;
    const rest = this.nanos % size;
    const [over, sign] = rest < 0n ? [-rest, -1n] : [rest, 1n];
    const down = this.nanos - rest;
    return new Duration(wrap(over + over < size ? down : down + sign * size));
  }
}

/** `nanos` with so many digits behind the point, without zeros at the end. */
function decimal(nanos: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = String(nanos % unit)
    .padStart(places, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(nanos / unit) : `${nanos / unit}.${fraction}`;
}

/** A place whose clock is used: an argument of `now` and `date`. */
export class Location extends Named {
  readonly type = locationType;
  readonly place: Place;
  constructor(place: Place) {
    super();
    this.place = place;
  }
  text(): string {
    return this.place.name;
  }
  json(): string {
    return '{}';
  }
  method(name: string): Method | undefined {
    return name === 'String' ? () => this.place.name : undefined;
  }
}

export class Time extends Named {
  readonly type = timeType;
  /** Since 1970, in UTC. */
  readonly nanos: bigint;
  readonly place: Place;
  constructor(nanos: bigint, place: Place = utc) {
    super();
    this.nanos = nanos;
    this.place = place;
  }

  plus(nanos: bigint): Time {
    return new Time(this.nanos + nanos, this.place);
  }

  minus(other: Time): Duration {
    const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
    const by = this.nanos - other.nanos;
    return new Duration(by < least ? least : by > most ? most : by);
  }

  compare(other: Time): number {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0;
  }

  #offset(): { name: string; seconds: number } {
    return this.place.at(Number(this.nanos / 1_000_000n));
  }

  #local(): CivilDate & { clock: string; fraction: string; seconds: number } {
    const local = this.nanos + BigInt(this.#offset().seconds) * second;
    const days = local >= 0n ? local / day : (local - day + 1n) / day;
    const rest = local - days * day;
    const seconds = Number(rest / second);
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const clock = parts.map((part) => String(part).padStart(2, '0')).join(':');
    const fraction = String(rest % second).padStart(9, '0');
    return { ...dateOfDays(Number(days)), clock, fraction, seconds };
  }

  #date(): string {
    const { year, month, day: dayOfMonth } = this.#local();
    const two = (value: number): string => String(value).padStart(2, '0');
    return `${String(year).padStart(4, '0')}-${two(month)}-${two(dayOfMonth)}`;
  }

  #fraction(): string {
    const digits = this.#local().fraction.replace(/0+$/, '');
    return digits === '' ? '' : `.${digits}`;
  }

  #zone(colon: string): string {
    const { seconds } = this.#offset();
    const minutes = Math.floor(Math.abs(seconds) / 60);
    const two = (value: number): string => String(value).padStart(2, '0');
    return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`;
  }

  text(): string {
    const { clock } = this.#local();
    const zone = this.#zone('');
    return `${this.#date()} ${clock}${this.#fraction()} ${zone} ${this.#offset().name || zone}`;
  }

  json(): string {
    const { seconds, name } = this.#offset();
    const zone = seconds === 0 && name === 'UTC' ? 'Z' : this.#zone(':');
    return `"${this.#date()}T${this.#local().clock}${this.#fraction()}${zone}"`;
  }

  method(name: string): Method | undefined {
    const number = this.#number(name);
    if (number !== undefined) return () => number;
    const other = ([arg]: Go[]): Time => (arg instanceof Time ? arg : this);
    switch (name) {
      case 'IsZero':
        return () => this.nanos === -62_135_596_800n * second;
      case 'Before':
        return (args) => this.compare(other(args)) < 0;
      case 'After':
        return (args) => this.compare(other(args)) > 0;
      case 'Equal':
        return (args) => this.compare(other(args)) === 0;
      case 'Add':
        return ([by]) => this.plus(by instanceof Duration ? by.nanos : 0n);
      case 'Sub':
        return (args) => this.minus(other(args));
      case 'UTC':
        return () => new Time(this.nanos);
      case 'String':
        return () => this.text();
      default:
        return undefined;
    }
  }

  #number(name: string): Go | undefined {
    const { year, month, day: dayOfMonth, fraction, seconds } = this.#local();
    const units = own(
      { Unix: second, UnixMilli: 1_000_000n, UnixMicro: 1000n, UnixNano: 1n },
      name,
    );
    if (units !== undefined) {
      const rest = ((this.nanos % units) + units) % units;
      return new Sized(int64, wrap((this.nanos - rest) / units));
    }
    const dayOfYear =
      daysSinceEpoch({ year, month, day: dayOfMonth }) - daysSinceEpoch({ year, month: 1, day: 1 });
    const values: Record<string, number> = {
      Year: year,
      Day: dayOfMonth,
      Hour: Math.floor(seconds / 3600),
      Minute: Math.floor(seconds / 60) % 60,
      Second: seconds % 60,
      Nanosecond: Number(fraction),
      YearDay: dayOfYear + 1,
    };
    const value = own(values, name);
    return value === undefined ? undefined : BigInt(value);
  }
}
