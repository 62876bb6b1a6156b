// The hosts on the overview.

import { useT } from "../../i18n";
import { Honeycomb as Cells } from "../../ui/Honeycomb";
import { Empty, Failure, Panel } from "../../ui/Panel";
import { useHosts } from "../hosts/useHosts";

/** The panel. */
export function Honeycomb() {
  const t = useT();
  const { hosts, shown, error } = useHosts();
  return (
    <Panel title={t("overview.hosts")} note={shown.length > 0 ? String(shown.length) : undefined}>
      {error ? <Failure error={error} /> : null}
      {hosts && shown.length === 0 ? <Empty title={t("hosts.none")} hint={t("hosts.noneHint")} /> : null}
      {shown.length > 0 ? <Cells hosts={shown} label={t("overview.hosts")} /> : null}
    </Panel>
  );
}
