// Starts the UI.

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { router } from "./app/router";
import { ThemeProvider } from "./app/theme";
import { ApiError } from "./data/http";
import { LanguageProvider } from "./i18n";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";

/** After an upgrade the chunks of the old build are gone: load the new one, once. */
const RELOAD_MS = 10e3;
window.addEventListener("vite:preloadError", (event) => {
  const last = Number(sessionStorage.getItem("gw-reloaded") ?? 0);
  if (Date.now() - last < RELOAD_MS) return;
  sessionStorage.setItem("gw-reloaded", String(Date.now()));
  event.preventDefault();
  window.location.reload();
});

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Each tick of the clock is a key of its own; short life keeps a long-open page from growing.
      gcTime: 30e3,
      staleTime: 10e3,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 1 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const host = document.getElementById("root");
if (host) {
  createRoot(host).render(
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <ThemeProvider>
          <RouterProvider router={router} />
        </ThemeProvider>
      </LanguageProvider>
    </QueryClientProvider>,
  );
}
