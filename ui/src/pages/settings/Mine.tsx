// My own settings: language, theme, density, single-key shortcuts, password.

import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button, Switch } from "react-aria-components";
import { DENSITIES, type Density, setDensity, shownDensity } from "../../app/density";
import { singleKeysOn } from "../../app/shell/shortcuts";
import { THEMES, type Theme, useTheme } from "../../app/theme";
import { write } from "../../data/http";
import type { User } from "../../data/types";
import { useLanguage } from "../../i18n";
import type { Language } from "../../lib/format";
import { Pick, Text } from "../../ui/controls";
import { Panel } from "../../ui/Panel";
import { useToast } from "../../ui/toast";

/** The tab. */
export function Mine({ user }: { user: User }) {
  const { t, language, setLanguage } = useLanguage();
  const { theme, setTheme } = useTheme();
  const toast = useToast();
  const client = useQueryClient();
  const [keys, setKeys] = useState(singleKeysOn);
  const [density, setShown] = useState(shownDensity);
  const choose = async (next: Language) => {
    setLanguage(next);
    try {
      client.setQueryData(["me"], await write<User>("PATCH", "/api/gw/me", { language: next }));
    } catch (cause) {
      toast(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    <div className="grid">
      <div className="col-6">
        <Panel title={t("settings.look")}>
          <div className="stack narrow">
            <Pick
              label={t("settings.language")}
              value={language}
              choices={[
                { id: "ko", text: "한국어" },
                { id: "en", text: "English" },
              ]}
              onChange={(id) => void choose(id as Language)}
            />
            <Pick
              label={t("theme.title")}
              value={theme}
              choices={THEMES.map((id) => ({ id, text: t(`theme.${id}`) }))}
              onChange={(id) => setTheme(id as Theme)}
            />
            <Pick
              label={t("settings.density")}
              value={density}
              choices={DENSITIES.map((id) => ({ id, text: t(`density.${id}`) }))}
              onChange={(id) => {
                setDensity(id as Density);
                setShown(id as Density);
              }}
            />
            <Switch
              className="switch"
              isSelected={keys}
              onChange={(on) => {
                localStorage.setItem("gw-keys", on ? "on" : "off");
                setKeys(on);
              }}
            >
              <span className="switch-track" aria-hidden />
              {t("settings.keys")}
            </Switch>
          </div>
        </Panel>
      </div>
      <div className="col-6">
        <Password user={user} />
      </div>
    </div>
  );
}

function Password({ user }: { user: User }) {
  const { t } = useLanguage();
  const toast = useToast();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [error, setError] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setError(undefined);
    try {
      await write("PATCH", "/api/gw/me", { old_password: old, password: next });
      setOld("");
      setNext("");
      toast(t("settings.passwordChanged"));
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    <Panel title={t("settings.password")} note={`${user.name} · ${t(`role.${user.role}`)}`}>
      <form className="stack narrow" onSubmit={(event) => void submit(event)}>
        <Text
          label={t("settings.oldPassword")}
          value={old}
          onChange={setOld}
          type="password"
          autoComplete="current-password"
          required
        />
        <Text
          label={t("settings.newPassword")}
          value={next}
          onChange={setNext}
          type="password"
          autoComplete="new-password"
          required
          error={error}
        />
        <div>
          <Button className="btn primary" type="submit" isDisabled={old === "" || next === ""}>
            {t("settings.change")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
