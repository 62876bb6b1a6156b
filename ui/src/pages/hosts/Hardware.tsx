// The hardware of a host, as far as its metrics tell: the machine, temperatures, disks, network devices.

import { useInstants } from "../../data/hooks";
import type { Labels, Sample } from "../../data/prometheus";
import { type Key, type Translate, useLanguage } from "../../i18n";
import { formatValue } from "../../lib/format";
import { quote } from "../../lib/promql";
import { numberColumn, textColumn } from "../../ui/columns";
import { Empty, Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";

/** Labels of the machine's facts with their names. */
const FACTS: [string, Key][] = [
  ["pretty_name", "hosts.os"],
  ["machine", "hosts.architecture"],
  ["model_name", "hosts.cpuModel"],
  ["system_vendor", "hosts.vendor"],
  ["product_name", "hosts.model"],
  ["product_serial", "hosts.serial"],
  ["bios_version", "hosts.bios"],
];

interface Temperature {
  name: string;
  celsius: number;
  limit: number | null;
}

interface Device {
  name: string;
  model: string;
  detail: string;
  value: number | null;
}

/** Temperatures under the names of their sensors, each with the limit that its chip tells. */
export function temperatures(
  read: readonly Sample[],
  labels: readonly Sample[],
  limits: readonly Sample[],
  zones: readonly Sample[],
): Temperature[] {
  const at = ({ chip = "", sensor = "" }: Labels) => `${chip} ${sensor}`;
  const names = new Map(labels.map(({ labels }) => [at(labels), labels.label ?? ""]));
  const most = new Map(limits.map(({ labels, value }) => [at(labels), value]));
  const chips = read.map(({ labels, value }) => ({
    name: names.get(at(labels)) || at(labels),
    celsius: value,
    limit: most.get(at(labels)) ?? null,
  }));
  return [...chips, ...zones.map(({ labels, value }) => ({ name: labels.type ?? "", celsius: value, limit: null }))];
}

/** The panels. */
export function Hardware({ name }: { name: string }) {
  const { t } = useLanguage();
  const own = `{instance=${quote(name)}}`;
  const answers = useInstants([
    `node_uname_info${own}`,
    `node_os_info${own}`,
    `node_dmi_info${own}`,
    `topk(1, node_cpu_info${own})`,
    `node_hwmon_temp_celsius${own}`,
    `node_hwmon_sensor_label${own}`,
    `node_hwmon_temp_crit_celsius${own}`,
    `node_thermal_zone_temp${own}`,
    `node_disk_info${own}`,
    `node_network_info${own}`,
    `node_network_speed_bytes${own}`,
  ]);
  const [
    uname = [],
    os = [],
    dmi = [],
    cpu = [],
    temp = [],
    label = [],
    crit = [],
    zone = [],
    disk = [],
    net = [],
    speed = [],
  ] = answers.map(({ data }) => data?.samples ?? []);
  const labels: Labels = Object.assign({}, ...[...uname, ...os, ...dmi, ...cpu].map((sample) => sample.labels));
  const facts = FACTS.filter(([key]) => labels[key]);
  const warm = temperatures(temp, label, crit, zone);
  return (
    <div className="grid">
      <div className="col-6">
        <Panel title={t("hosts.machine")}>
          <dl className="kv">
            {facts.map(([key, title]) => (
              <Fact key={key} name={t(title)} value={labels[key] ?? ""} />
            ))}
          </dl>
        </Panel>
      </div>
      <div className="col-6">
        <Panel title={t("hosts.temperatures")} flush={warm.length > 0}>
          {warm.length === 0 ? (
            <Empty title={t("hosts.noTemperatures")} />
          ) : (
            <Table
              label={t("hosts.temperatures")}
              rows={warm}
              columns={warmColumns(t)}
              rowKey={({ name }) => name}
              start={{ id: "celsius", down: true }}
            />
          )}
        </Panel>
      </div>
      <Devices title={t("hosts.disks")} devices={disksOf(disk)} t={t} />
      <Devices title={t("hosts.nics")} devices={nicsOf(net, speed)} t={t} unit />
    </div>
  );
}

const disksOf = (info: readonly Sample[]): Device[] =>
  info.map(({ labels }) => ({
    name: labels.device ?? "",
    model: labels.model ?? "",
    detail: [labels.serial, labels.revision].filter(Boolean).join(" · "),
    value: null,
  }));

const nicsOf = (info: readonly Sample[], speed: readonly Sample[]): Device[] =>
  info.map(({ labels }) => ({
    name: labels.device ?? "",
    model: labels.address ?? "",
    detail: [labels.operstate, labels.duplex].filter(Boolean).join(" · "),
    // A device that is down tells a speed below nothing.
    value: speed.find((one) => one.labels.device === labels.device && one.value > 0)?.value ?? null,
  }));

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd translate="no">{value}</dd>
    </>
  );
}

const warmColumns = (t: Translate): Column<Temperature>[] => [
  textColumn("name", t("hosts.sensor"), ({ name }) => name),
  {
    id: "celsius",
    title: "°C",
    numeric: true,
    sort: ({ celsius }) => celsius,
    cell: ({ celsius }) => formatValue(celsius),
  },
  {
    id: "limit",
    title: t("hosts.criticalAt"),
    numeric: true,
    sort: ({ limit }) => limit,
    cell: ({ limit }) => formatValue(limit),
  },
];

interface DevicesProps {
  title: string;
  devices: Device[];
  t: Translate;
  unit?: boolean;
}

function Devices({ title, devices, t, unit }: DevicesProps) {
  const columns: Column<Device>[] = [
    textColumn("name", t("hosts.device"), ({ name }) => name),
    textColumn("model", t(unit ? "hosts.address" : "hosts.model"), ({ model }) => model),
    textColumn("detail", t("common.state"), ({ detail }) => detail, { wide: true }),
    ...(unit ? [numberColumn<Device>("speed", t("hosts.speed"), ({ value }) => value, { unit: "bytes/s" })] : []),
  ];
  return (
    <div className="col-6">
      <Panel title={title} note={String(devices.length)} flush={devices.length > 0}>
        {devices.length === 0 ? (
          <Empty title={t("hosts.noDevices")} />
        ) : (
          <Table
            label={title}
            rows={devices}
            columns={columns}
            rowKey={({ name }) => name}
            start={{ id: "name", down: false }}
          />
        )}
      </Panel>
    </div>
  );
}
