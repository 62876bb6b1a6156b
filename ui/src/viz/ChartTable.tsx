// The numbers of a chart as a table: the alternative to the drawing.

import { useLanguage } from "../i18n";
import { formatClock, formatDate, formatValue, type Unit } from "../lib/format";
import type { ChartSeries } from "./series";

/** The numbers of a chart as a table. */
export function ChartTable({
  title,
  times,
  series,
  unit,
}: {
  title: string;
  times: readonly number[];
  series: readonly ChartSeries[];
  unit: Unit;
}) {
  const { t } = useLanguage();
  const shown = series.slice(0, 12);
  return (
    <div className="table-wrap chart-table" tabIndex={0} role="region" aria-label={title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("common.time")}</th>
            {shown.map(({ key, name }) => (
              <th key={key} scope="col" className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .map((time, at) => (
              <tr key={time}>
                <td className="nowrap">
                  {formatDate(new Date(time * 1000))} {formatClock(new Date(time * 1000), true)}
                </td>
                {shown.map(({ key, values }) => (
                  <td key={key} className="num">
                    {formatValue(values[at], unit)}
                  </td>
                ))}
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </div>
  );
}
