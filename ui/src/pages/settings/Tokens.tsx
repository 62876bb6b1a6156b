// API tokens: for agents and scripts. The secret is shown once.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CirclePlus } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useClock } from "../../app/url";
import { get, write } from "../../data/http";
import type { Role, Token } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatAgo, formatDateTime } from "../../lib/format";
import { Pick, Sheet, Text } from "../../ui/controls";
import { Empty, Failure, Panel, Snippet } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import { useToast } from "../../ui/toast";
import { ROLES } from "./Users";

/** The tab. */
export function Tokens() {
  const { t, language } = useLanguage();
  const { now } = useClock();
  const toast = useToast();
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["tokens"],
    queryFn: ({ signal }) => get<{ tokens: Token[] }>("/api/gw/tokens", signal),
  });
  const renew = () => client.invalidateQueries({ queryKey: ["tokens"] });
  const revoke = async (id: string) => {
    try {
      await write("DELETE", `/api/gw/tokens/${encodeURIComponent(id)}`);
      await renew();
      toast(t("settings.revoked"));
    } catch (cause) {
      toast(cause instanceof Error ? cause.message : String(cause));
    }
  };
  const columns: Column<Token>[] = [
    { id: "name", title: t("common.name"), sort: ({ name }) => name, cell: ({ name }) => name },
    { id: "role", title: t("settings.role"), sort: ({ role }) => role, cell: ({ role }) => t(`role.${role}`) },
    {
      id: "made",
      title: t("settings.createdAt"),
      wide: true,
      sort: ({ created_at }) => created_at,
      cell: ({ created_at }) => formatDateTime(created_at, language),
    },
    {
      id: "used",
      title: t("settings.lastUsed"),
      sort: ({ last_used_at }) => last_used_at,
      cell: ({ last_used_at }) => (last_used_at ? formatAgo(last_used_at, now, language) : t("settings.never")),
    },
    {
      id: "act",
      title: "",
      cell: ({ id, name }) => (
        <Button
          className="btn small danger"
          aria-label={`${t("settings.revoke")}: ${name}`}
          onPress={() => void revoke(id)}
        >
          {t("settings.revoke")}
        </Button>
      ),
    },
  ];
  return (
    <div className="stack">
      <div className="row">
        <Button className="btn primary" onPress={() => setAdding(true)}>
          <CirclePlus size={14} aria-hidden /> {t("settings.addToken")}
        </Button>
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      <Panel flush busy={!data && !error}>
        {data && data.tokens.length === 0 ? (
          <Empty title={t("settings.noTokens")} hint={t("settings.noTokensHint")} />
        ) : (
          <Table label={t("settings.tokens")} rows={data?.tokens ?? []} columns={columns} rowKey={({ id }) => id} />
        )}
      </Panel>
      <Sheet title={t("settings.addToken")} isOpen={adding} onClose={() => setAdding(false)}>
        <NewToken onMade={renew} />
      </Sheet>
    </div>
  );
}

function NewToken({ onMade }: { onMade: () => Promise<void> }) {
  const { t } = useLanguage();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [secret, setSecret] = useState("");
  const [error, setError] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const made = await write<{ id: string; token: string }>("POST", "/api/gw/tokens", { name, role });
      setSecret(made.token);
      await onMade();
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  if (secret) return <Secret text={secret} />;
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Text label={t("common.name")} value={name} onChange={setName} required autoFocus error={error} />
      <Pick
        label={t("settings.role")}
        value={role}
        choices={ROLES.map((id) => ({ id, text: t(`role.${id}`) }))}
        onChange={(id) => setRole(id as Role)}
      />
      <div>
        <Button className="btn primary" type="submit" isDisabled={name === ""}>
          {t("action.save")}
        </Button>
      </div>
    </form>
  );
}

/** It takes the place of the form, and so the focus too: without it Escape would go to the page behind the dialog. */
function Secret({ text }: { text: string }) {
  const { t } = useLanguage();
  const hint = useRef<HTMLParagraphElement>(null);
  useEffect(() => hint.current?.focus(), []);
  return (
    <div className="stack">
      <p ref={hint} tabIndex={-1}>
        {t("settings.tokenOnce")}
      </p>
      <Snippet text={text} />
    </div>
  );
}
