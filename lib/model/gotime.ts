// Times as Go reads and writes them in JSON: RFC 3339, written in UTC.
// k8s.io/apimachinery v0.34.5 pkg/apis/meta/v1/time.go and micro_time.go

export type TimeFormat = 'Time' | 'MicroTime';

type DateOfYear = { year: number; month: number; day: number };

const shape =
  /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const daysBeforeMonth = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const daysPer400Years = 146_097;

/** What Go writes for the text it read, null for its zero time, undefined where it refuses. */
export function canonicalTime(text: string, format: TimeFormat): string | null | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const [fraction = '', sign, offsetHours = 0, offsetMinutes = 0] = match.slice(7);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Go's parser lets an offset's hours and minutes be one more than a clock shows.
  if (Number(offsetHours) > 24 || Number(offsetMinutes) > 60) return undefined;
  if (format === 'MicroTime' && fraction.length !== 6) return undefined;

  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  const minutes = dayNumber({ year, month, day }) * 1440 + hour * 60 + minute - offset;
  if (minutes === 0 && second === 0 && /^0*$/.test(fraction.slice(0, 9))) return null;
  const date = dateOfDay(Math.floor(minutes / 1440));
  const minuteOfDay = minutes - Math.floor(minutes / 1440) * 1440;
  const clock = [Math.floor(minuteOfDay / 60), minuteOfDay % 60, second].map(pad2).join(':');
  const micros = format === 'MicroTime' ? `.${fraction}` : '';
  return `${yearText(date.year)}-${pad2(date.month)}-${pad2(date.day)}T${clock}${micros}Z`;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1 January of the year 1, the day of Go's zero time. */
function dayNumber({ year, month, day }: DateOfYear): number {
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const leapDay = month > 2 && isLeap(year) ? 1 : 0;
  return past * 365 + leapDays + (daysBeforeMonth[month - 1] ?? 0) + leapDay + day - 1;
}

function dateOfDay(days: number): DateOfYear {
  // The estimate is at most one year too early or too late.
  let year = Math.floor((days * 400) / daysPer400Years) + 2;
  while (dayNumber({ year, month: 1, day: 1 }) > days) year -= 1;
  let month = 12;
  while (dayNumber({ year, month, day: 1 }) > days) month -= 1;
  return { year, month, day: days - dayNumber({ year, month, day: 1 }) + 1 };
}

function pad2(value: number): string {
  return String(value).padStart(2, '0');
}

function yearText(year: number): string {
  return year < 0 ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0');
}
