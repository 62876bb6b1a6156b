// Says that the server is not reached and since when, while the page keeps its last data.

import { useEffect, useState } from "react";
import { REACH } from "../../data/http";
import { useLanguage } from "../../i18n";
import { formatClock } from "../../lib/format";

/** The notice; nothing while the server answers. */
export function StaleNotice() {
  const { t } = useLanguage();
  const [since, setSince] = useState<number | null>(null);
  useEffect(() => {
    const follow = (event: Event) => setSince((event as CustomEvent<number | null>).detail);
    window.addEventListener(REACH, follow);
    return () => window.removeEventListener(REACH, follow);
  }, []);
  return since === null ? null : (
    <div className="notice warn" role="status">
      {t("shell.stale", { time: formatClock(new Date(since), true) })}
    </div>
  );
}
