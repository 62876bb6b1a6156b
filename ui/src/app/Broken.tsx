// A page that failed to draw: the rest of the product goes on.

import type { ErrorComponentProps } from "@tanstack/react-router";
import { useT } from "../i18n";
import { PageFailure } from "../ui/Panel";

/** Says what failed and offers to draw again. */
export function Broken({ error, reset }: ErrorComponentProps) {
  const t = useT();
  return <PageFailure title={t("error.page")} error={error} retry={reset} />;
}
