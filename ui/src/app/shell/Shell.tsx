// The frame around every page: rail, top bar, page, and on small screens a bottom bar; plus palette, help and shortcuts.

import { Outlet, useLocation } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import type { User } from "../../data/types";
import { useT } from "../../i18n";
import { pageOf } from "../nav";
import { BottomBar } from "./BottomBar";
import { Help } from "./Help";
import { Palette } from "./Palette";
import { Rail } from "./Rail";
import { StaleNotice } from "./StaleNotice";
import { useShortcuts } from "./shortcuts";
import { TopBar } from "./TopBar";

/** The frame. */
export function Shell({ user }: { user: User }) {
  const t = useT();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(() => localStorage.getItem("gw-rail") === "open");
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const page = pageOf(pathname);

  useShortcuts({ openPalette: () => setPalette(true), openHelp: () => setHelp(true) });
  useEffect(() => {
    document.title = page ? `${t(page.title)} · Gatewatch` : "Gatewatch";
  }, [page, t]);
  const toggle = () => {
    localStorage.setItem("gw-rail", open ? "closed" : "open");
    setOpen(!open);
  };

  return (
    <div className="shell" data-rail={open ? "open" : "closed"}>
      <a className="skip" href="#page">
        {t("shell.skip")}
      </a>
      <Rail open={open} onToggle={toggle} />
      <TopBar user={user} onSearch={() => setPalette(true)} onHelp={() => setHelp(true)} />
      <main className="page" id="page" tabIndex={-1}>
        <StaleNotice />
        <Suspense fallback={<div className="progress" />}>
          <Outlet />
        </Suspense>
      </main>
      <BottomBar onSearch={() => setPalette(true)} />
      <Palette isOpen={palette} onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />
      <Help isOpen={help} onClose={() => setHelp(false)} />
    </div>
  );
}
