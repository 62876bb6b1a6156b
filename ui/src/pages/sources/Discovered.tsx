// Endpoints that were found on this machine and are offered.

import { Check, X } from "lucide-react";
import { Button } from "react-aria-components";
import { useMay } from "../../app/session";
import { useClock } from "../../app/url";
import { write } from "../../data/http";
import type { Sources } from "../../data/types";
import { useT } from "../../i18n";
import { Panel } from "../../ui/Panel";
import { useToast } from "../../ui/toast";

/** The offer; gone when nothing is found. */
export function Discovered({ found }: { found: Sources["discovered"] }) {
  const t = useT();
  const may = useMay("editor");
  const toast = useToast();
  const { refresh } = useClock();
  if (found.length === 0) return null;
  const decide = async (id: string, accepted: boolean) => {
    try {
      await write("POST", `/api/gw/sources/discovered/${encodeURIComponent(id)}`, { accepted });
      refresh();
      toast(t(accepted ? "sources.accepted" : "sources.dropped"));
    } catch (cause) {
      toast(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    <Panel title={t("sources.discovered")} note={t("sources.discoveredNote")} flush>
      <ul className="needs">
        {found.map(({ id, kind, url, accepted }) => (
          <li className="need" key={id}>
            <span className="chip">{kind}</span>
            <code className="grow">{url}</code>
            {accepted ? <span className="c-ok">{t("sources.watched")}</span> : null}
            {may ? (
              <Button
                className={accepted ? "btn small" : "btn small primary"}
                aria-label={`${t(accepted ? "sources.drop" : "sources.accept")}: ${url}`}
                onPress={() => void decide(id, !accepted)}
              >
                {accepted ? <X size={14} aria-hidden /> : <Check size={14} aria-hidden />}
                {t(accepted ? "sources.drop" : "sources.accept")}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
