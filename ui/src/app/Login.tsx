// Signing in.

import { type FormEvent, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { ApiError } from "../data/http";
import { useLanguage } from "../i18n";
import { Text } from "../ui/controls";
import { useSignIn } from "./session";

/** The sign-in page. */
export function Login() {
  const { t, language, setLanguage } = useLanguage();
  const { signIn } = useSignIn();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  useEffect(() => {
    document.title = `${t("login.title")} · Gatewatch`;
  }, [t]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      await signIn(name, password);
    } catch (cause) {
      const status = cause instanceof ApiError ? cause.status : -1;
      setError(
        t(
          status === 401
            ? "login.wrong"
            : status === 429
              ? "login.tooMany"
              : status === 0
                ? "error.offline"
                : "error.internal",
        ),
      );
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <form onSubmit={(event) => void submit(event)} aria-label={t("login.title")}>
        <div className="login-head">
          <img src="/icon.svg" alt="" />
          <h1 className="grow">Gatewatch</h1>
          <Button className="btn ghost small" onPress={() => setLanguage(language === "ko" ? "en" : "ko")}>
            {t("language.other")}
          </Button>
        </div>
        <Text
          label={t("login.name")}
          value={name}
          onChange={setName}
          required
          autoFocus
          name="username"
          autoComplete="username"
        />
        <Text
          label={t("login.password")}
          value={password}
          onChange={setPassword}
          required
          type="password"
          name="password"
          autoComplete="current-password"
        />
        {error ? (
          <p className="error-text" role="alert">
            {error}
          </p>
        ) : null}
        <Button className="btn primary" type="submit" isDisabled={busy}>
          {t("login.submit")}
        </Button>
        <p className="faint small">{t("login.hint")}</p>
      </form>
    </main>
  );
}
