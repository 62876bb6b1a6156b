// The list of shortcuts.

import { useT } from "../../i18n";
import { Sheet } from "../../ui/controls";
import { PAGES } from "../nav";
import { KEYS, PAGE_KEYS } from "./shortcuts";

interface HelpProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Help: every shortcut. */
export function Help({ isOpen, onClose }: HelpProps) {
  const t = useT();
  return (
    <Sheet title={t("help.title")} isOpen={isOpen} onClose={onClose}>
      <h3>{t("help.pages")}</h3>
      <div className="help-grid">
        {PAGES.map(({ id, title, key }) => (
          <div key={id}>
            <span>{t(title)}</span>
            <span>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </span>
          </div>
        ))}
      </div>
      <h3>{t("help.actions")}</h3>
      <div className="help-grid">
        {KEYS.map(({ keys, text }) => (
          <div key={keys}>
            <span>{t(text)}</span>
            <span>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
          </div>
        ))}
      </div>
      <h3>{t("nav.metrics")}</h3>
      <div className="help-grid">
        {PAGE_KEYS.map(({ keys, text }) => (
          <div key={keys}>
            <span>{t(text)}</span>
            <kbd>{keys}</kbd>
          </div>
        ))}
      </div>
      <p className="faint small">{t("help.off")}</p>
      <p className="small">
        <a href="/licenses.txt" target="_blank" rel="noreferrer">
          {t("help.licences")}
        </a>
      </p>
    </Sheet>
  );
}
