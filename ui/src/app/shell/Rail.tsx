// The navigation rail: icons, and names when it is open.

import { Link } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useT } from "../../i18n";
import { PAGES } from "../nav";

interface RailProps {
  open: boolean;
  onToggle: () => void;
}

/** The rail of wide screens. */
export function Rail({ open, onToggle }: RailProps) {
  const t = useT();
  const groups = [...new Set(PAGES.map(({ group }) => group))];
  return (
    <nav className="rail" aria-label={t("shell.navigation")} data-open={open || undefined}>
      <Link to={"/overview"} className="rail-logo" aria-label={t("shell.home")}>
        <img src="/icon.svg" alt="" />
        {open ? <span>Gatewatch</span> : null}
      </Link>
      {groups.map((group) => (
        <div className="rail-group" key={group}>
          <div className="rail-label">{t(group)}</div>
          {PAGES.filter((page) => page.group === group).map(({ id, to, title, Icon, key }) => (
            <Link
              key={id}
              to={to}
              search={{}}
              className="rail-item"
              aria-label={t(title)}
              title={open ? undefined : `${t(title)} (g ${key})`}
              activeOptions={{ includeSearch: false }}
            >
              <Icon size={18} strokeWidth={1.5} aria-hidden />
              <span>{t(title)}</span>
            </Link>
          ))}
        </div>
      ))}
      <div className="rail-foot">
        <button
          type="button"
          className="rail-item"
          aria-expanded={open}
          aria-label={t(open ? "shell.collapse" : "shell.expand")}
          onClick={onToggle}
        >
          {open ? (
            <PanelLeftClose size={18} strokeWidth={1.5} aria-hidden />
          ) : (
            <PanelLeftOpen size={18} strokeWidth={1.5} aria-hidden />
          )}
          <span>{t("shell.collapse")}</span>
        </button>
      </div>
    </nav>
  );
}
