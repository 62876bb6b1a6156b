//! The protocol counters of TCP that `advtcp` tells, and reading them and the socket tables of a network namespace.

use super::model::{SocketStats, TCP_STATES, UdpStats};
use super::parse::{fields, lines, number, words};

/// The counters: the kernel's name, and the word of the label `tcp_state`; by the latter.
pub const TCP_COUNTERS: [(&str, &str); 99] = [
    ("ActiveOpens", "activeopens"),
    ("AttemptFails", "attemptfails"),
    ("CurrEstab", "currestab"),
    ("DelayedACKLocked", "delayedacklocked"),
    ("DelayedACKLost", "delayedacklost"),
    ("DelayedACKs", "delayedacks"),
    ("EmbryonicRsts", "embryonicrsts"),
    ("EstabResets", "estabresets"),
    ("InCsumErrors", "incsumerrors"),
    ("InErrs", "inerrs"),
    ("InSegs", "insegs"),
    ("IPReversePathFilter", "ipreversepathfilter"),
    ("ListenDrops", "listendrops"),
    ("ListenOverflows", "listenoverflows"),
    ("LockDroppedIcmps", "lockdroppedicmps"),
    ("MaxConn", "maxconn"),
    ("OfoPruned", "ofopruned"),
    ("OutOfWindowIcmps", "outofwindowicmps"),
    ("OutRsts", "outrsts"),
    ("OutSegs", "outsegs"),
    ("PassiveOpens", "passiveopens"),
    ("PAWSActive", "pawsactive"),
    ("PAWSEstab", "pawsestab"),
    ("PFMemallocDrop", "pfmemallocdrop"),
    ("PruneCalled", "prunecalled"),
    ("RcvPruned", "rcvpruned"),
    ("RetransSegs", "retranssegs"),
    ("RtoAlgorithm", "rtoalgorithm"),
    ("RtoMax", "rtomax"),
    ("RtoMin", "rtomin"),
    ("SyncookiesFailed", "syncookiesfailed"),
    ("SyncookiesRecv", "syncookiesrecv"),
    ("SyncookiesSent", "syncookiessent"),
    ("TCPAbortFailed", "tcpabortfailed"),
    ("TCPAbortOnClose", "tcpabortonclose"),
    ("TCPAbortOnData", "tcpabortondata"),
    ("TCPAbortOnLinger", "tcpabortonlinger"),
    ("TCPAbortOnMemory", "tcpabortonmemory"),
    ("TCPAbortOnTimeout", "tcpabortontimeout"),
    ("TCPBacklogDrop", "tcpbacklogdrop"),
    ("TCPDeferAcceptDrop", "tcpdeferacceptdrop"),
    ("TCPDSACKIgnoredNoUndo", "tcpdsackignorednoundo"),
    ("TCPDSACKIgnoredOld", "tcpdsackignoredold"),
    ("TCPDSACKOfoRecv", "tcpdsackoforecv"),
    ("TCPDSACKOfoSent", "tcpdsackofosent"),
    ("TCPDSACKOldSent", "tcpdsackoldsent"),
    ("TCPDSACKRecv", "tcpdsackrecv"),
    ("TCPDSACKUndo", "tcpdsackundo"),
    ("TCPFACKReorder", "tcpfackreorder"),
    ("TCPFastOpenActive", "tcpfastopenactive"),
    ("TCPFastOpenActiveFail", "tcpfastopenactivefail"),
    ("TCPFastOpenCookieReqd", "tcpfastopencookiereqd"),
    ("TCPFastOpenListenOverflow", "tcpfastopenlistenoverflow"),
    ("TCPFastOpenPassive", "tcpfastopenpassive"),
    ("TCPFastOpenPassiveFail", "tcpfastopenpassivefail"),
    ("TCPFastRetrans", "tcpfastretrans"),
    ("TCPFullUndo", "tcpfullundo"),
    ("TCPHPAcks", "tcphpacks"),
    ("TCPHPHits", "tcphphits"),
    ("TCPLossFailures", "tcplossfailures"),
    ("TCPLossProbeRecovery", "tcplossproberecovery"),
    ("TCPLossProbes", "tcplossprobes"),
    ("TCPLossUndo", "tcplossundo"),
    ("TCPLostRetransmit", "tcplostretransmit"),
    ("TCPMD5Failure", "tcpmd5failure"),
    ("TCPMD5NotFound", "tcpmd5notfound"),
    ("TCPMD5Unexpected", "tcpmd5unexpected"),
    ("TCPMemoryPressures", "tcpmemorypressures"),
    ("TCPMemoryPressuresChrono", "tcpmemorypressureschrono"),
    ("TCPMinTTLDrop", "tcpminttldrop"),
    ("TCPOrigDataSent", "tcporigdatasent"),
    ("TCPPartialUndo", "tcppartialundo"),
    ("TCPPureAcks", "tcppureacks"),
    ("TCPRcvCollapsed", "tcprcvcollapsed"),
    ("TCPRenoFailures", "tcprenofailures"),
    ("TCPRenoRecovery", "tcprenorecovery"),
    ("TCPRenoRecoveryFail", "tcprenorecoveryfail"),
    ("TCPRenoReorder", "tcprenoreorder"),
    ("TCPReqQFullDoCookies", "tcpreqqfulldocookies"),
    ("TCPReqQFullDrop", "tcpreqqfulldrop"),
    ("TCPRetransFail", "tcpretransfail"),
    ("TCPSACKDiscard", "tcpsackdiscard"),
    ("TCPSackFailures", "tcpsackfailures"),
    ("TCPSackMerged", "tcpsackmerged"),
    ("TCPSackRecovery", "tcpsackrecovery"),
    ("TCPSackRecoveryFail", "tcpsackrecoveryfail"),
    ("TCPSACKReneging", "tcpsackreneging"),
    ("TCPSACKReorder", "tcpsackreorder"),
    ("TCPSackShifted", "tcpsackshifted"),
    ("TCPSackShiftFallback", "tcpsackshiftfallback"),
    ("TCPSlowStartRetrans", "tcpslowstartretrans"),
    ("TCPSpuriousRTOs", "tcpspuriousrtos"),
    ("TCPSynRetrans", "tcpsynretrans"),
    ("TCPTimeouts", "tcptimeouts"),
    ("TCPTimeWaitOverflow", "tcptimewaitoverflow"),
    ("TCPTSReorder", "tcptsreorder"),
    ("TW", "tw"),
    ("TWKilled", "twkilled"),
    ("TWRecycled", "twrecycled"),
];

/// Reads `net/snmp` and `net/netstat` of a process: a line of names, then a line of values, for each protocol.
pub(super) fn counters(snmp: &[u8], netstat: &[u8]) -> Vec<i64> {
    let mut values = vec![0; TCP_COUNTERS.len()];
    for (text, protocol) in [(snmp, &b"Tcp:"[..]), (netstat, b"TcpExt:")] {
        let mut of_protocol = lines(text).filter(|line| line.starts_with(protocol));
        let (Some(names), Some(row)) = (of_protocol.next(), of_protocol.next()) else { continue };
        for (name, value) in words(names).zip(words(row)).skip(1) {
            let at = TCP_COUNTERS.iter().position(|(known, _)| known.as_bytes() == name);
            if let (Some(at), Some(value)) = (at, signed(value)) {
                values[at] = value;
            }
        }
    }
    values
}

fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => i64::try_from(number(digits)?).ok().map(|value| -value),
        None => i64::try_from(number(text)?).ok(),
    }
}

/// Counts connections of a table such as `net/tcp` by state.
pub(super) fn states(table: &[u8]) -> [u64; TCP_STATES.len()] {
    let mut counts = [0; TCP_STATES.len()];
    for line in lines(table).skip(1) {
        let state = words(line).nth(3).and_then(hexadecimal);
        if let Some(at) = TCP_STATES.iter().position(|(.., number)| Some(u64::from(*number)) == state) {
            counts[at] += 1;
        }
    }
    counts
}

/// Sums up a table such as `net/udp`.
pub(super) fn udp(table: &[u8]) -> UdpStats {
    let mut sum = UdpStats::default();
    for line in lines(table).skip(1) {
        let mut columns = words(line);
        let Some(queues) = columns.nth(4) else { continue };
        let [sent, received] = fields(queues, b':');
        sum.listen += 1;
        sum.tx_queued += sent.and_then(hexadecimal).unwrap_or(0);
        sum.rx_queued += received.and_then(hexadecimal).unwrap_or(0);
        sum.dropped += columns.last().and_then(number).unwrap_or(0);
    }
    sum
}

/// Everything about sockets; `read` gives a file below `net/`.
pub(super) fn sockets(tcp: bool, with_udp: bool, advanced: bool, mut read: impl FnMut(&str) -> Vec<u8>) -> SocketStats {
    let mut stats = SocketStats::default();
    if tcp {
        stats.tcp = states(&read("tcp"));
        stats.tcp6 = states(&read("tcp6"));
    }
    if with_udp {
        stats.udp = udp(&read("udp"));
        stats.udp6 = udp(&read("udp6"));
    }
    if advanced {
        stats.advanced = counters(&read("snmp"), &read("netstat"));
    }
    stats
}

fn hexadecimal(text: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}
