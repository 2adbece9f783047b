/** The rows of a CSV text, as RFC 4180 has it; or why it is none. Lines without anything are left out. */
export function csvRows(text: string): string[][] | { error: string } {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|$)/y;
  let end = 0;
  while (end < text.length) {
    field.lastIndex = end;
    const match = field.exec(text);
    if (!match) return { error: `record on line ${rows.length + 1}: parse error` };
    const [, quoted, plain = '', separator] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    end = field.lastIndex;
    if (separator === ',' && end < text.length) continue;
    if (separator === ',') row.push('');
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}
