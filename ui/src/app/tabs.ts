// The tabs of a browser look alike: what one of them writes to local storage, the others hear.

import { useEffect } from "react";

/** Calls `follow` with the new value whenever another tab changes a key; `null` says that it was removed. */
export function useStored(key: string, follow: (value: string | null) => void): void {
  useEffect(() => {
    const heard = (event: StorageEvent) => {
      if (event.key === key) follow(event.newValue);
    };
    window.addEventListener("storage", heard);
    return () => window.removeEventListener("storage", heard);
  }, [key, follow]);
}
