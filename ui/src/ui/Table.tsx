// The table of every page: real <table> markup, sortable headers, and only the visible rows in the document when there
// are many.

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { useLanguage } from "../i18n";

export interface Column<Row> {
  id: string;
  title: string;
  /** What the column sorts by; without it the column does not sort. */
  sort?: (row: Row) => number | string | null;
  cell: (row: Row) => ReactNode;
  numeric?: boolean;
  /** Left out on narrow screens. */
  wide?: boolean;
}

interface TableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  start?: { id: string; down: boolean };
  height?: number;
  onRow?: (row: Row) => void;
  selected?: string | undefined;
}

const MANY = 150;
const ROW = 29;

/** A sortable table, virtual above 150 rows. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, rows, columns, rowKey, start, height = 560, onRow, selected } = props;
  const { language } = useLanguage();
  const [order, setOrder] = useState(start ?? null);
  const sorted = useMemo(() => {
    const sort = columns.find(({ id }) => id === order?.id)?.sort;
    if (!sort || !order) return [...rows];
    const collator = new Intl.Collator(language, { numeric: true });
    const compare = (a: Row, b: Row): number => {
      const [x, y] = [sort(a), sort(b)];
      // Rows without a value come last in both directions.
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
      const by = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
      return order.down ? -by : by;
    };
    return [...rows].sort(compare);
  }, [rows, columns, order, language]);

  const box = useRef<HTMLDivElement>(null);
  const virtual = sorted.length > MANY;
  const virtualizer = useVirtualizer({
    count: virtual ? sorted.length : 0,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const shown = virtual ? items.map(({ index }) => sorted[index] as Row) : sorted;
  const before = virtual ? (items[0]?.start ?? 0) : 0;
  const after = virtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const hide = (column: Column<Row>) => `${column.wide ? "wide" : ""} ${column.title === "" ? "act" : ""}`;

  return (
    <div
      className="table-wrap"
      ref={box}
      style={virtual ? { height } : undefined}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <table className="table" aria-rowcount={sorted.length}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Header key={column.id} column={column} order={order} onOrder={setOrder} className={hide(column)} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <Spacer height={before} /> : null}
          {shown.map((row) => {
            const id = rowKey(row);
            return (
              <tr
                key={id}
                aria-selected={selected === undefined ? undefined : selected === id}
                onClick={onRow ? () => onRow(row) : undefined}
                className={onRow ? "clickable" : undefined}
              >
                {columns.map((column) => (
                  <td key={column.id} className={`${column.numeric ? "num" : ""} ${hide(column)}`}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 ? <Spacer height={after} /> : null}
        </tbody>
      </table>
    </div>
  );
}

function Spacer({ height }: { height: number }) {
  return (
    <tr aria-hidden>
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

interface HeaderProps<Row> {
  column: Column<Row>;
  order: { id: string; down: boolean } | null;
  onOrder: (order: { id: string; down: boolean }) => void;
  className: string;
}

function Header<Row>({ column, order, onOrder, className }: HeaderProps<Row>) {
  const mine = order?.id === column.id;
  const sort = mine ? (order.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" aria-sort={sort} className={`${column.numeric ? "num" : ""} ${className}`}>
      {column.sort ? (
        <button
          type="button"
          onClick={() => onOrder({ id: column.id, down: mine ? !order.down : column.numeric === true })}
        >
          {column.title}
          {mine ? order.down ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden /> : null}
        </button>
      ) : (
        <HeaderText title={column.title} />
      )}
    </th>
  );
}

/** A column of buttons has no visible title, but screen readers announce one. */
function HeaderText({ title }: { title: string }) {
  const { t } = useLanguage();
  return title === "" ? <span className="visually-hidden">{t("common.actions")}</span> : title;
}
