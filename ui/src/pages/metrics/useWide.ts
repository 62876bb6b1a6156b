// Whether the window has room for the metric browser beside the queries.

import { useEffect, useState } from "react";

const ROOM = "(min-width: 1100px)";

/** True in a wide window; follows its changes. */
export function useWide(): boolean {
  const [wide, setWide] = useState(() => matchMedia(ROOM).matches);
  useEffect(() => {
    const media = matchMedia(ROOM);
    const follow = () => setWide(media.matches);
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, []);
  return wide;
}
