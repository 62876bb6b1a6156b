// Short messages at the corner: what was done, with Undo where it can be undone. Announced politely to screen readers.

import { X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useT } from "../i18n";

interface Toast {
  id: number;
  text: string;
  undo?: (() => void) | undefined;
}

type Show = (text: string, undo?: () => void) => void;

const ToastContext = createContext<Show>(() => {});
const SHOWN_MS = 6000;
const MOST = 4;

/** Holds the toasts and draws them. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const t = useT();
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(1);
  const drop = useCallback((id: number) => setToasts((list) => list.filter((toast) => toast.id !== id)), []);
  const show = useCallback<Show>(
    (text, undo) => {
      const id = next.current++;
      setToasts((list) => [...list.slice(1 - MOST), { id, text, undo }]);
      setTimeout(() => drop(id), SHOWN_MS);
    },
    [drop],
  );
  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text, undo }) => (
          <div key={id} className="toast">
            <span>{text}</span>
            {undo ? (
              <Button
                className="btn small"
                onPress={() => {
                  undo();
                  drop(id);
                }}
              >
                {t("action.undo")}
              </Button>
            ) : null}
            <Button className="btn ghost icon small" aria-label={t("action.close")} onPress={() => drop(id)}>
              <X size={14} aria-hidden />
            </Button>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

/** Shows a toast. */
export function useToast(): Show {
  return useContext(ToastContext);
}
