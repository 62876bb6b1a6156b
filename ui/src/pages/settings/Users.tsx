// Users: who may sign in, and with which role.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CirclePlus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { useSession } from "../../app/session";
import { get, write } from "../../data/http";
import type { Role, User } from "../../data/types";
import { useLanguage } from "../../i18n";
import { formatDateTime } from "../../lib/format";
import { Pick, Sheet, Text } from "../../ui/controls";
import { Failure, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import { useToast } from "../../ui/toast";

export const ROLES: Role[] = ["viewer", "editor", "admin"];

/** The tab. */
export function Users() {
  const { t, language } = useLanguage();
  const { user: me } = useSession();
  const toast = useToast();
  const client = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<User | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["users"],
    queryFn: ({ signal }) => get<{ users: User[] }>("/api/gw/users", signal),
  });
  const act = async (work: () => Promise<unknown>) => {
    try {
      await work();
      await client.invalidateQueries({ queryKey: ["users"] });
    } catch (cause) {
      toast(cause instanceof Error ? cause.message : String(cause));
    }
  };
  const columns: Column<User>[] = [
    { id: "name", title: t("common.name"), sort: ({ name }) => name, cell: ({ name }) => name },
    {
      id: "role",
      title: t("settings.role"),
      sort: ({ role }) => role,
      cell: ({ name, role }) => (
        <Pick
          label={`${t("settings.role")}: ${name}`}
          hideLabel
          isDisabled={name === me?.name}
          value={role}
          choices={ROLES.map((id) => ({ id, text: t(`role.${id}`) }))}
          onChange={(next) =>
            void act(() => write("PATCH", `/api/gw/users/${encodeURIComponent(name)}`, { role: next }))
          }
        />
      ),
    },
    {
      id: "since",
      title: t("settings.createdAt"),
      wide: true,
      sort: ({ created_at }) => created_at,
      cell: ({ created_at }) => formatDateTime(created_at, language),
    },
    {
      id: "act",
      title: "",
      cell: (user) =>
        user.name === me?.name ? null : (
          <Button
            className="btn small danger"
            aria-label={`${t("action.delete")}: ${user.name}`}
            onPress={() => setLeaving(user)}
          >
            {t("action.delete")}
          </Button>
        ),
    },
  ];
  return (
    <div className="stack">
      <div className="row">
        <Button className="btn primary" onPress={() => setAdding(true)}>
          <CirclePlus size={14} aria-hidden /> {t("settings.addUser")}
        </Button>
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : null}
      <Panel flush busy={!data && !error}>
        <Table
          label={t("settings.users")}
          rows={data?.users ?? []}
          columns={columns}
          rowKey={({ name }) => name}
          start={{ id: "name", down: false }}
        />
      </Panel>
      <Sheet title={t("settings.addUser")} isOpen={adding} onClose={() => setAdding(false)}>
        <NewUser
          onAdd={async (body) => {
            await write("POST", "/api/gw/users", body);
            await client.invalidateQueries({ queryKey: ["users"] });
            setAdding(false);
          }}
        />
      </Sheet>
      <Leaving
        user={leaving}
        onClose={() => setLeaving(null)}
        onDelete={(name) => void act(() => write("DELETE", `/api/gw/users/${encodeURIComponent(name)}`))}
      />
    </div>
  );
}

interface LeavingProps {
  user: User | null;
  onClose: () => void;
  onDelete: (name: string) => void;
}

/** Asks before a user goes: this is the one act here that cannot be undone. */
function Leaving({ user, onClose, onDelete }: LeavingProps) {
  const { t } = useLanguage();
  const name = user?.name ?? "";
  return (
    <Sheet title={t("settings.deleteUser", { name })} isOpen={user !== null} onClose={onClose}>
      <p>{t("settings.deleteUserNote")}</p>
      <div className="row">
        <Button
          className="btn danger"
          onPress={() => {
            onClose();
            onDelete(name);
          }}
        >
          {t("action.delete")}
        </Button>
        <Button className="btn" onPress={onClose}>
          {t("action.cancel")}
        </Button>
      </div>
    </Sheet>
  );
}

function NewUser({ onAdd }: { onAdd: (body: { name: string; password: string; role: Role }) => Promise<void> }) {
  const { t } = useLanguage();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [error, setError] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await onAdd({ name, password, role });
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Text label={t("common.name")} value={name} onChange={setName} required autoFocus autoComplete="off" />
      <Text
        label={t("login.password")}
        value={password}
        onChange={setPassword}
        required
        type="password"
        autoComplete="new-password"
        error={error}
      />
      <Pick
        label={t("settings.role")}
        value={role}
        choices={ROLES.map((id) => ({ id, text: t(`role.${id}`) }))}
        onChange={(id) => setRole(id as Role)}
      />
      <div>
        <Button className="btn primary" type="submit" isDisabled={name === "" || password === ""}>
          {t("action.save")}
        </Button>
      </div>
    </form>
  );
}
