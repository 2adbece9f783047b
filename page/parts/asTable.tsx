import type { ComponentChildren } from 'preact';

type Props = {
  /** What stands there while the table is folded up. */
  summary: ComponentChildren;
  head: string[];
  class?: string;
  children: ComponentChildren;
};

/** What a chart shows, for those who read it as numbers. */
export function AsTable({ summary, head, children, ...rest }: Props) {
  return (
    <details>
      <summary>{summary}, as a table</summary>
      <table {...rest}>
        <thead>
          <tr>
            {head.map((each) => (
              <th scope="col" key={each}>
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </details>
  );
}
