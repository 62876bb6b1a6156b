// The way in: asks who is signed in, shows the sign-in page in place of the page (so the address is kept and signing in
// returns to it), otherwise the shell.

import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { I18nProvider } from "react-aria-components";
import { UNAUTHORIZED } from "../data/http";
import { useLanguage } from "../i18n";
import { Failure } from "../ui/Panel";
import { ToastProvider } from "../ui/toast";
import { Login } from "./Login";
import { useSession } from "./session";
import { Shell } from "./shell/Shell";
import { ClockProvider } from "./url";

/** The root of every route. */
export function Gate() {
  const { user, error } = useSession();
  const { language, setLanguage } = useLanguage();
  const client = useQueryClient();
  useEffect(() => {
    const leave = () => client.setQueryData(["me"], null);
    window.addEventListener(UNAUTHORIZED, leave);
    return () => window.removeEventListener(UNAUTHORIZED, leave);
  }, [client]);
  const wanted = user?.language;
  useEffect(() => {
    if (wanted && !localStorage.getItem("gw-language")) setLanguage(wanted);
  }, [wanted, setLanguage]);

  if (error) return <Failure error={error} retry={() => void client.invalidateQueries({ queryKey: ["me"] })} />;
  if (user === undefined) return <div className="progress" />;
  return (
    <I18nProvider locale={language === "ko" ? "ko-KR" : "en-US"}>
      <ToastProvider>
        {user === null ? (
          <Login />
        ) : (
          <ClockProvider>
            <Shell user={user} />
          </ClockProvider>
        )}
      </ToastProvider>
    </I18nProvider>
  );
}
