// Navigation of small screens: home, alerts, search, explore, and a menu with every page.

import { Link, useNavigate } from "@tanstack/react-router";
import { Bell, ChartLine, House, Menu as MenuIcon, Search } from "lucide-react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useT } from "../../i18n";
import { PAGES } from "../nav";

/** The bar at the foot of small screens. */
export function BottomBar({ onSearch }: { onSearch: () => void }) {
  const t = useT();
  const navigate = useNavigate();
  return (
    <nav className="bottombar" aria-label={t("shell.navigation")}>
      <Link to={"/overview"} search={{}} activeOptions={{ includeSearch: false }}>
        <House size={20} strokeWidth={1.5} aria-hidden />
        {t("group.home")}
      </Link>
      <Link to={"/alerts"} search={{}} activeOptions={{ includeSearch: false }}>
        <Bell size={20} strokeWidth={1.5} aria-hidden />
        {t("nav.alerts")}
      </Link>
      <button type="button" onClick={onSearch}>
        <Search size={20} strokeWidth={1.5} aria-hidden />
        {t("shell.search")}
      </button>
      <Link to={"/explore/metrics"} search={{}} activeOptions={{ includeSearch: false }}>
        <ChartLine size={20} strokeWidth={1.5} aria-hidden />
        {t("group.explore")}
      </Link>
      <MenuTrigger>
        <Button>
          <MenuIcon size={20} strokeWidth={1.5} aria-hidden />
          {t("shell.more")}
        </Button>
        <Popover className="popover" placement="top end">
          <Menu className="menu" onAction={(key) => void navigate({ to: String(key), search: {} })}>
            {PAGES.map(({ id, to, title, Icon }) => (
              <MenuItem key={id} id={to} className="menu-item" textValue={t(title)}>
                <Icon size={16} strokeWidth={1.5} aria-hidden /> {t(title)}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
    </nav>
  );
}
