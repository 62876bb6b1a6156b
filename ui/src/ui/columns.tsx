// Columns that tables share: a state, a number of a unit, a share as a bar, a text.

import { formatValue, type Unit } from "../lib/format";
import { Meter } from "./Meter";
import { State } from "./State";
import type { Column } from "./Table";

type Of<Row, T> = (row: Row) => T;

/** What a column may say besides its value. */
interface More {
  /** Left out on narrow screens. */
  wide?: boolean;
}

/** The state of a row. */
export const stateColumn = <Row,>(title: string, of: Of<Row, string>): Column<Row> => ({
  id: "state",
  title,
  sort: of,
  cell: (row) => <State state={of(row)} />,
});

/** A number of a unit. */
export const numberColumn = <Row,>(
  id: string,
  title: string,
  of: Of<Row, number | null>,
  { unit, wide }: More & { unit?: Unit } = {},
): Column<Row> => ({
  id,
  title,
  numeric: true,
  wide: wide ?? false,
  sort: of,
  cell: (row) => formatValue(of(row), unit),
});

/** A share between 0 and 1, as number and bar; a dash where there is nothing to have a share of. */
export const shareColumn = <Row,>(
  id: string,
  title: string,
  of: Of<Row, number | null>,
  { wide }: More = {},
): Column<Row> => ({
  id,
  title,
  numeric: true,
  wide: wide ?? false,
  sort: of,
  cell: (row) => {
    const share = of(row);
    return share === null ? formatValue(null) : <Meter value={share} name={title} />;
  },
});

/** A text as it is. */
export const textColumn = <Row,>(
  id: string,
  title: string,
  of: Of<Row, string | null>,
  { wide }: More = {},
): Column<Row> => ({
  id,
  title,
  wide: wide ?? false,
  sort: of,
  cell: (row) => <span translate="no">{of(row) ?? ""}</span>,
});
