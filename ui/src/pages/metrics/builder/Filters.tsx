// The label filters of a query: name, operator, value, with what the series really have to choose from.

import { Plus, X } from "lucide-react";
import { Button } from "react-aria-components";
import { useT } from "../../../i18n";
import { type Blocks, FILTER_OPS, type Filter, type FilterOp } from "../../../lib/blocks";
import { Suggest } from "../../../ui/Suggest";
import { useLabelValues } from "./suggestions";

interface FiltersProps {
  blocks: Blocks;
  labels: readonly string[];
  onFocus: () => void;
  onChange: (filters: Filter[]) => void;
}

/** The row of filters with a button for one more. */
export function Filters({ blocks, labels, onFocus, onChange }: FiltersProps) {
  const t = useT();
  const { filters } = blocks;
  return (
    <>
      {filters.map((filter, at) => (
        <FilterRow
          key={at}
          blocks={blocks}
          filter={filter}
          labels={labels}
          onFocus={onFocus}
          onChange={(next) => onChange(filters.map((old, index) => (index === at ? next : old)))}
          onRemove={() => onChange(filters.filter((_, index) => index !== at))}
        />
      ))}
      <Button className="btn small" onPress={() => onChange([...filters, { name: "", op: "=", value: "" }])}>
        <Plus size={12} aria-hidden /> {t("builder.filter")}
      </Button>
    </>
  );
}

interface FilterRowProps {
  blocks: Blocks;
  filter: Filter;
  labels: readonly string[];
  onFocus: () => void;
  onChange: (filter: Filter) => void;
  onRemove: () => void;
}

function FilterRow({ blocks, filter, labels, onFocus, onChange, onRemove }: FilterRowProps) {
  const t = useT();
  const found = useLabelValues(blocks, filter);
  return (
    <span className="filter">
      <Suggest
        label={t("builder.label")}
        value={filter.name}
        choices={labels}
        onOpen={onFocus}
        placeholder={t("builder.label")}
        onChange={(name) => onChange({ ...filter, name: name.trim() })}
      />
      <select
        className="input mono narrow-select"
        aria-label={t("builder.operator")}
        value={filter.op}
        onChange={(event) => onChange({ ...filter, op: event.target.value as FilterOp })}
      >
        {FILTER_OPS.map((op) => (
          <option key={op}>{op}</option>
        ))}
      </select>
      <Suggest
        label={t("builder.value", { name: filter.name || t("builder.label") })}
        value={filter.value}
        choices={found.values}
        busy={found.busy}
        onOpen={found.read}
        placeholder={t("common.value")}
        onChange={(value) => onChange({ ...filter, value })}
      />
      <Button
        className="btn ghost icon small"
        aria-label={t("builder.removeFilter", { name: filter.name })}
        onPress={onRemove}
      >
        <X size={12} aria-hidden />
      </Button>
    </span>
  );
}
