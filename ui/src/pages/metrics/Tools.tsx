// The actions of the page's head: take the answers along, and the queries that ran before.

import { Download, History as HistoryIcon, Share2 } from "lucide-react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useParams, useTime } from "../../app/url";
import { useT } from "../../i18n";
import { download } from "../../lib/csv";
import { useToast } from "../../ui/toast";
import type { Answer } from "./answers";
import { csvOf, curlOf, shareLink } from "./exports";
import type { Settings } from "./state";

interface ToolsProps {
  answers: readonly Answer[];
  settings: Settings;
  step: number;
  onHistory: () => void;
}

/** The buttons. */
export function Tools({ answers, settings, step, onHistory }: ToolsProps) {
  const t = useT();
  const toast = useToast();
  const params = useParams();
  const { range } = useTime();
  const shown = answers.filter(({ row, ran }) => row.on && ran !== "");
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      toast(t("metrics.copied"));
    } catch {
      // Clipboards need a secure origin or a permission: show the text so that it can be selected.
      toast(text);
    }
  };
  const acts: Record<string, () => void> = {
    link: () => void copy(shareLink(params, range, location.href)),
    promql: () => void copy(shown.map(({ ran }) => ran).join("\n")),
    curl: () => void copy(shown.map((answer) => curlOf(answer, settings, range, step, location.origin)).join("\n\n")),
    csv: () => download("metrics.csv", csvOf(shown, settings)),
  };
  return (
    <>
      <Button className="btn" onPress={onHistory}>
        <HistoryIcon size={14} aria-hidden /> {t("metrics.history")}
      </Button>
      <MenuTrigger>
        <Button className="btn" isDisabled={shown.length === 0}>
          <Share2 size={14} aria-hidden /> {t("metrics.share")}
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu" aria-label={t("metrics.share")} onAction={(key) => acts[String(key)]?.()}>
            <MenuItem className="menu-item" id="link" textValue={t("metrics.copyLink")}>
              {t("metrics.copyLink")}
            </MenuItem>
            <MenuItem className="menu-item" id="promql" textValue={t("metrics.copyPromql")}>
              {t("metrics.copyPromql")}
            </MenuItem>
            <MenuItem className="menu-item" id="curl" textValue={t("metrics.copyCurl")}>
              {t("metrics.copyCurl")}
            </MenuItem>
            <MenuItem className="menu-item" id="csv" textValue={t("metrics.csv")}>
              <Download size={14} aria-hidden /> {t("metrics.csv")}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </>
  );
}
