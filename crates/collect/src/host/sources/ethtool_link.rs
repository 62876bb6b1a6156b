//! The link settings of a network device, for `ethtool`: speeds, ports, pause frames and negotiation that it supports and
//! offers, as the kernel's old command has them (`ETHTOOL_GSET`, its first 32 link modes).

use super::netlink::u32_at;
use crate::host::parse::flag;
use crate::host::section::Section;

/// Length of `struct ethtool_cmd`.
pub(super) const SETTINGS_BYTES: usize = 44;
const NEGOTIATES: u32 = 6;
const PAUSES: u32 = 13;
const PAUSES_ONE_WAY: u32 = 14;
const PORTS: [(u32, &str); 6] = [(7, "TP"), (8, "AUI"), (9, "MII"), (10, "FIBRE"), (11, "BNC"), (16, "Backplane")];
/// Bit, name, whether both sides may send at once, and megabits a second of a speed.
const SPEEDS: [(u32, &str, bool, u32); 23] = [
    (0, "10baseT", false, 10),
    (1, "10baseT", true, 10),
    (2, "100baseT", false, 100),
    (3, "100baseT", true, 100),
    (4, "1000baseT", false, 1_000),
    (5, "1000baseT", true, 1_000),
    (12, "10000baseT", true, 10_000),
    (15, "2500baseX", true, 2_500),
    (17, "1000baseKX", true, 1_000),
    (18, "10000baseKX4", true, 10_000),
    (19, "10000baseKR", true, 10_000),
    (20, "10000baseR_FEC", true, 10_000),
    (21, "20000baseMLD2", true, 20_000),
    (22, "20000baseKR2", true, 20_000),
    (23, "40000baseKR4", true, 40_000),
    (24, "40000baseCR4", true, 40_000),
    (25, "40000baseSR4", true, 40_000),
    (26, "40000baseLR4", true, 40_000),
    (27, "56000baseKR4", true, 56_000),
    (28, "56000baseCR4", true, 56_000),
    (29, "56000baseSR4", true, 56_000),
    (30, "56000baseLR4", true, 56_000),
    (31, "25000baseCR", true, 25_000),
];

/// Tells what the kernel answered about a device.
pub(super) fn tell(out: &mut Section, device: &str, settings: &[u8]) {
    let (Some(supported), Some(offered)) = (u32_at(settings, 4), u32_at(settings, 8)) else { return };
    let negotiates = settings.get(18).is_some_and(|byte| *byte != 0);
    let labels = [("device", device)];
    let has = |set: u32, bit: u32| set.checked_shr(bit).is_some_and(|shifted| shifted & 1 == 1);
    for (_, kind) in PORTS.iter().filter(|(bit, _)| has(supported, *bit)) {
        out.put("node_network_supported_port_info", &[labels[0], ("type", kind)], 1.0);
    }
    for (set, family) in
        [(supported, "node_network_supported_speed_bytes"), (offered, "node_network_advertised_speed_bytes")]
    {
        for (_, mode, both_ways, megabits) in SPEEDS.iter().filter(|(bit, ..)| has(set, *bit)) {
            let duplex = if *both_ways { "full" } else { "half" };
            let bytes = f64::from(*megabits) * 1e6 / 8.0;
            out.put(family, &[labels[0], ("duplex", duplex), ("mode", mode)], bytes);
        }
    }
    out.put("node_network_autonegotiate", &labels, flag(negotiates));
    for (set, word) in [(supported, "supported"), (offered, "advertised")] {
        for (bit, what) in [(NEGOTIATES, "autonegotiate"), (PAUSES, "pause"), (PAUSES_ONE_WAY, "asymmetricpause")] {
            out.put_named(format_args!("node_network_{what}_{word}"), &labels, flag(has(set, bit)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_samples() {
        let mut settings = [0u8; SETTINGS_BYTES];
        // Ten megabits both ways, twisted pair, negotiation and pause frames; one thing less is offered.
        settings[4..8].copy_from_slice(&0b10_0000_1100_0010_u32.to_ne_bytes());
        settings[8..12].copy_from_slice(&0b100_0010_u32.to_ne_bytes());
        settings[18] = 1;
        let mut section = Section::default();
        section.begin();
        tell(&mut section, "eth0", &settings);
        let (mut values, mut there) = (Vec::new(), Vec::new());
        section.copy_to(&mut values, &mut there);
        let told: Vec<String> = section
            .series()
            .zip(&values)
            .map(|(series, value)| {
                let labels: Vec<String> =
                    series.labels().skip(1).map(|(name, value)| format!("{name}={value}")).collect();
                format!("{} {} {value}", series.family.name.trim_start_matches("node_network_"), labels.join(","))
            })
            .collect();
        assert_eq!(
            told,
            [
                "supported_port_info type=TP 1",
                "supported_speed_bytes duplex=full,mode=10baseT 1250000",
                "advertised_speed_bytes duplex=full,mode=10baseT 1250000",
                "autonegotiate  1",
                "autonegotiate_supported  1",
                "pause_supported  1",
                "asymmetricpause_supported  0",
                "autonegotiate_advertised  1",
                "pause_advertised  0",
                "asymmetricpause_advertised  0",
            ]
        );
    }
}
