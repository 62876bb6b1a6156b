// The top bar: where we are, the scope, search, time, refresh, theme, language, bell and user.

import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { Bell, CircleHelp, Languages, LogOut, Search, Settings, SunMoon, User as UserIcon, X } from "lucide-react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import type { User } from "../../data/types";
import { type Key, useLanguage } from "../../i18n";
import { Chosen } from "../../ui/controls";
import { pageOf } from "../nav";
import { useAlerts, useSignIn } from "../session";
import { THEMES, type Theme, useTheme } from "../theme";
import { useScope } from "../url";
import { TimePicker } from "./TimePicker";

interface TopBarProps {
  user: User;
  onSearch: () => void;
  onHelp: () => void;
}

/** The bar above every page. */
export function TopBar({ user, onSearch, onHelp }: TopBarProps) {
  const { t, language, setLanguage } = useLanguage();
  const { pathname } = useLocation();
  const page = pageOf(pathname);
  return (
    <header className="topbar">
      <nav className="crumbs" aria-label={t("shell.breadcrumb")}>
        {page && page.group !== "group.home" && page.group !== "group.settings" ? (
          <>
            <span className="hide-mobile">{t(page.group)}</span>
            <span className="hide-mobile" aria-hidden>
              /
            </span>
          </>
        ) : null}
        <strong aria-current="page">{page ? t(page.title) : ""}</strong>
      </nav>
      <ScopeChips />
      <div className="topbar-gap" />
      <button type="button" className="search-button hide-mobile" onClick={onSearch}>
        <Search size={14} aria-hidden />
        <span className="search-text">{t("shell.searchHint")}</span>
        <kbd aria-hidden>Ctrl K</kbd>
      </button>
      <TimePicker />
      <Button
        className="btn ghost small hide-mobile"
        aria-label={`${t("language.switch")}: ${language === "ko" ? "EN" : "한"}`}
        onPress={() => setLanguage(language === "ko" ? "en" : "ko")}
      >
        <Languages size={16} strokeWidth={1.5} aria-hidden /> {language === "ko" ? "EN" : "한"}
      </Button>
      <ThemeMenu />
      <BellLink />
      <UserMenu user={user} onHelp={onHelp} />
    </header>
  );
}

function ScopeChips() {
  const { t } = useLanguage();
  const [chips, setChips] = useScope();
  if (chips.length === 0) return null;
  return (
    <ul className="row" aria-label={t("shell.scope")}>
      {chips.map((chip) => (
        <li key={`${chip.key}=${chip.value}`} className="chip">
          <b>{t(`scope.${chip.key}` as Key)}</b>
          <span className="clip">{chip.value}</span>
          <button
            type="button"
            aria-label={t("shell.removeScope", { name: chip.value })}
            onClick={() => setChips(chips.filter((other) => other !== chip))}
          >
            <X size={12} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

function BellLink() {
  const { t } = useLanguage();
  const { data } = useAlerts();
  const alerts = (data?.groups ?? []).flatMap((group) => group.alerts);
  const loud = alerts.filter(({ state, silenced_by }) => state === "firing" && silenced_by.length === 0);
  // An alert that goes to two receivers is in two groups.
  const firing = new Set(loud.map(({ fingerprint }) => fingerprint)).size;
  return (
    <Link
      to={"/alerts"}
      search={{}}
      className="btn ghost icon bell"
      aria-label={t("shell.firing", { n: firing })}
      title={t("shell.firing", { n: firing })}
    >
      <Bell size={16} strokeWidth={1.5} aria-hidden />
      {firing > 0 ? (
        <span className="bell-count" aria-hidden>
          {firing > 99 ? "99+" : firing}
        </span>
      ) : null}
    </Link>
  );
}

/** Choices of theme. */
function ThemeMenu() {
  const { t } = useLanguage();
  const { theme, setTheme } = useTheme();
  return (
    <MenuTrigger>
      <Button className="btn ghost icon hide-mobile" aria-label={t("theme.title")}>
        <SunMoon size={16} strokeWidth={1.5} aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={(key) => setTheme(key as Theme)}>
          {THEMES.map((name) => (
            <MenuItem key={name} id={name} className="menu-item" textValue={t(`theme.${name}`)}>
              <Chosen on={theme === name} /> {t(`theme.${name}`)}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function UserMenu({ user, onHelp }: { user: User; onHelp: () => void }) {
  const { t, language, setLanguage } = useLanguage();
  const { theme, setTheme } = useTheme();
  const { signOut } = useSignIn();
  const navigate = useNavigate();
  const act = (key: string) => {
    if (key === "help") onHelp();
    else if (key === "settings") void navigate({ to: "/settings", search: {} });
    else if (key === "out") void signOut();
    else if (key === "language") setLanguage(language === "ko" ? "en" : "ko");
    else if (key.startsWith("theme-")) setTheme(key.slice(6) as Theme);
  };
  return (
    <MenuTrigger>
      <Button className="btn ghost icon" aria-label={t("user.menu", { name: user.name })}>
        <UserIcon size={16} strokeWidth={1.5} aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={(key) => act(String(key))}>
          <MenuSection>
            <Header className="menu-head">
              {user.name} · {t(`role.${user.role}`)}
            </Header>
            <MenuItem id="settings" className="menu-item" textValue={t("nav.settings")}>
              <Settings size={14} aria-hidden /> {t("nav.settings")}
            </MenuItem>
            <MenuItem id="help" className="menu-item" textValue={t("help.title")}>
              <CircleHelp size={14} aria-hidden /> {t("help.title")}
            </MenuItem>
            <MenuItem id="language" className="menu-item" textValue={t("language.other")}>
              <Languages size={14} aria-hidden /> {t("language.other")}
            </MenuItem>
          </MenuSection>
          <MenuSection>
            <Header className="menu-head">{t("theme.title")}</Header>
            {THEMES.map((name) => (
              <MenuItem key={name} id={`theme-${name}`} className="menu-item" textValue={t(`theme.${name}`)}>
                <Chosen on={theme === name} /> {t(`theme.${name}`)}
              </MenuItem>
            ))}
          </MenuSection>
          <MenuItem id="out" className="menu-item" textValue={t("user.signOut")}>
            <LogOut size={14} aria-hidden /> {t("user.signOut")}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
