// Who is signed in, and the data that the whole frame shares: firing alerts, status.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ApiError, get, write } from "../data/http";
import type { Alerts, Role, Status, User } from "../data/types";
import { useClock } from "./url";

/** The session: undefined while asking, null when nobody is signed in. */
export function useSession(): { user: User | null | undefined; error: unknown } {
  const { data, error } = useQuery({
    queryKey: ["me"],
    queryFn: async ({ signal }) => {
      try {
        return await get<User>("/api/gw/me", signal);
      } catch (cause) {
        if (cause instanceof ApiError && cause.status === 401) return null;
        throw cause;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: 1,
  });
  return { user: data, error };
}

/** Signing in and out. */
export function useSignIn() {
  const client = useQueryClient();
  return {
    signIn: async (username: string, password: string) => {
      const { user } = await write<{ user: User }>("POST", "/api/gw/login", { username, password });
      client.setQueryData(["me"], user);
      await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
    },
    signOut: async () => {
      await write("POST", "/api/gw/logout");
      client.setQueryData(["me"], null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
    },
  };
}

const RANK: Record<Role, number> = { viewer: 0, editor: 1, admin: 2 };

/** Whether the signed-in user has at least this role. */
export function useMay(role: Role): boolean {
  const { user } = useSession();
  return user ? RANK[user.role] >= RANK[role] : false;
}

/** All alerts, renewed by the clock. */
export function useAlerts() {
  const { now } = useClock();
  return useQuery({
    queryKey: ["alerts", now],
    queryFn: ({ signal }) => get<Alerts>("/api/gw/alerts", signal),
    placeholderData: (before) => before,
  });
}

/** The product's own status. */
export function useStatus() {
  return useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => get<Status>("/api/gw/status", signal),
    staleTime: 30e3,
  });
}
