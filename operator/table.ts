import type { Paint } from './words.ts';
import { columns, cut, plain } from './words.ts';

type Column<Row> = {
  title: string;
  cell: (row: Row) => string;
  /** Cut first when a line gets too long. */
  mayShrink?: true;
};

const gap = '  ';
const leastWidth = 8;

/** Lines of at most 80 columns; the widest of those that may shrink gives way. */
export const toTable = <Row>(shape: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string => {
  const cells = rows.map((row) => shape.map(({ cell }) => plain(cell(row))));
  const widths = shape.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  shrink(shape, widths);
  const toLine = (line: readonly string[]) =>
    line
      .map((text, at) => cut(text, widths[at] ?? 0).padEnd(widths[at] ?? 0))
      .join(gap)
      .trimEnd();
  const header = toLine(shape.map(({ title }) => title));
  return [paint('dim', header), ...cells.map(toLine)].join('\n');
};

const shrink = (shape: readonly { mayShrink?: true }[], widths: number[]): void => {
  const total = () => widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
  while (total() > columns) {
    const candidates = widths.flatMap((width, at) =>
      shape[at]?.mayShrink && width > leastWidth ? [{ width, at }] : [],
    );
    const [widest] = candidates.toSorted((one, other) => other.width - one.width);
    if (!widest) return;
    widths[widest.at] = widest.width - 1;
  }
};
