// Settings: my language and password, and for administrators users and API tokens.

import { useMay, useSession } from "../../app/session";
import { useParam } from "../../app/url";
import { useT } from "../../i18n";
import { TabSet } from "../../ui/controls";
import { Mine } from "./Mine";
import { Tokens } from "./Tokens";
import { Users } from "./Users";

/** The page. */
export function Settings() {
  const t = useT();
  const admin = useMay("admin");
  const { user } = useSession();
  const [tab, setTab] = useParam("tab", "mine");
  const tabs = [
    { id: "mine", title: t("settings.mine"), body: user ? <Mine user={user} /> : null },
    ...(admin
      ? [
          { id: "users", title: t("settings.users"), body: <Users /> },
          { id: "tokens", title: t("settings.tokens"), body: <Tokens /> },
        ]
      : []),
  ];
  return (
    <>
      <div className="page-head">
        <h1>{t("nav.settings")}</h1>
      </div>
      <TabSet
        label={t("nav.settings")}
        value={tabs.some(({ id }) => id === tab) ? tab : "mine"}
        onChange={setTab}
        tabs={tabs}
      />
      {admin ? null : <p className="muted">{t("settings.adminOnly")}</p>}
    </>
  );
}
