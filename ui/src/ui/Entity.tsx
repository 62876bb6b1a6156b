// Every noun is a link: the same chip for a service, host, container, gateway, metric, monitor or trace, wherever it is named.

import { Link } from "@tanstack/react-router";
import { Activity, Box, Gauge, HeartPulse, type LucideIcon, Router, Server, Waypoints } from "lucide-react";
import { Focusable, Tooltip, TooltipTrigger } from "react-aria-components";
import { EntityCard } from "./EntityCard";

export type EntityKind = "service" | "host" | "container" | "gateway" | "monitor" | "trace" | "metric";

const KINDS: Record<EntityKind, { Icon: LucideIcon; to: string; search: (name: string) => Record<string, string> }> = {
  service: { Icon: Waypoints, to: "/services", search: (name) => ({ service: name }) },
  host: { Icon: Server, to: "/hosts", search: (name) => ({ host: name }) },
  container: { Icon: Box, to: "/containers", search: (path) => ({ container: path }) },
  gateway: { Icon: Router, to: "/gateway", search: (name) => ({ scope: `gateway=${name}` }) },
  monitor: { Icon: HeartPulse, to: "/uptime", search: (name) => ({ monitor: name }) },
  trace: { Icon: Activity, to: "/explore/traces", search: (name) => ({ trace: name }) },
  metric: { Icon: Gauge, to: "/explore/metrics", search: (name) => ({ expr: name }) },
};

interface EntityProps {
  kind: EntityKind;
  name: string;
  /** What the page is asked for, where it is not the name (a monitor's id). */
  id?: string;
}

/** A link to the page of a thing, with a card of what is known of it. Keeps time range and scope. */
export function Entity({ kind, name, id }: EntityProps) {
  const { Icon, to, search } = KINDS[kind];
  return (
    <TooltipTrigger delay={500} closeDelay={50}>
      <Focusable>
        <Link
          to={to}
          search={search(id ?? name) as never}
          className="entity"
          onClick={(event) => event.stopPropagation()}
        >
          <Icon size={14} strokeWidth={1.5} aria-hidden />
          <span translate="no">{name}</span>
        </Link>
      </Focusable>
      <Tooltip className="popover tip" placement="bottom start" offset={6}>
        <EntityCard kind={kind} name={name} id={id ?? name} />
      </Tooltip>
    </TooltipTrigger>
  );
}
