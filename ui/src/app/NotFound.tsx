// An address that is no page.

import { Link } from "@tanstack/react-router";
import { useT } from "../i18n";
import { Empty } from "../ui/Panel";

/** Says so and leads home. */
export function NotFound() {
  const t = useT();
  return (
    <>
      <h1 className="visually-hidden">{t("notFound.title")}</h1>
      <Empty
        title={t("notFound.title")}
        hint={t("notFound.hint")}
        action={
          <Link to={"/overview"} className="btn">
            {t("nav.overview")}
          </Link>
        }
      />
    </>
  );
}
