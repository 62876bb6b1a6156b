// Adds a thing to the scope, so that the other pages show only what belongs to it.

import { Filter } from "lucide-react";
import { Button } from "react-aria-components";
import { useScope } from "../app/url";
import { useT } from "../i18n";
import { type ScopeChip, withChip } from "../lib/scope";

/** The button; gone once the thing is in the scope. */
export function ScopeButton({ chip }: { chip: ScopeChip }) {
  const t = useT();
  const [chips, setChips] = useScope();
  if (chips.some(({ key, value }) => key === chip.key && value === chip.value)) return null;
  return (
    <Button className="btn" onPress={() => setChips(withChip(chips, chip))}>
      <Filter size={14} aria-hidden /> {t("shell.addScope")}
    </Button>
  );
}
