//! The mount table: filesystems of the machine, and the layer that a container writes to.

use std::path::{Path, PathBuf};

use gw_base::Set;
use rustix::fs::{StatVfs, statvfs};

use super::config::ContainerPaths;
use super::parse::device_numbers;

/// Largest mount table.
const MAX_BYTES: u64 = 8 << 20;

/// A line of `mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Device numbers.
    pub(super) numbers: (u32, u32),
    /// What of the filesystem is mounted.
    pub(super) root: String,
    /// Where.
    pub(super) point: String,
    /// Type.
    pub(super) kind: String,
    /// Device, or whatever the type calls so.
    pub(super) device: String,
    /// Options of the filesystem.
    options: String,
}

/// The mounts that a process sees.
fn table(procfs: &str, process: &str) -> Vec<Mount> {
    use std::io::Read as _;
    let mut text = Vec::new();
    let file = std::fs::File::open(format!("{procfs}/{process}/mountinfo"));
    if file.and_then(|file| file.take(MAX_BYTES).read_to_end(&mut text)).is_err() {
        return Vec::new();
    }
    String::from_utf8_lossy(&text).lines().filter_map(parse).collect()
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn parse(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut columns = before.split(' ').skip(2);
    let (numbers, root, point) = (columns.next()?, columns.next()?, columns.next()?);
    let mut columns = after.split(' ');
    let (kind, device, options) = (columns.next()?, columns.next()?, columns.next().unwrap_or_default());
    Some(Mount {
        numbers: device_numbers(numbers.as_bytes())?,
        root: unescaped(root),
        point: unescaped(point),
        kind: kind.to_owned(),
        device: unescaped(device),
        options: unescaped(options),
    })
}

/// Blanks, tabs, line ends and backslashes are written as three octal digits.
fn unescaped(field: &str) -> String {
    let mut parts = field.split('\\');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) => {
                out.push(char::from(code));
                out.push_str(part.get(3..).unwrap_or_default());
            }
            None => {
                out.push('\\');
                out.push_str(part);
            }
        }
    }
    out
}

/// Filesystems on devices of their own, and those in memory under their mount points; network filesystems, which may hang,
/// are not asked.
pub(super) fn of_the_machine(paths: &ContainerPaths) -> Vec<Mount> {
    let mut mounts = table(&paths.procfs, "1");
    if mounts.is_empty() {
        mounts = table(&paths.procfs, "self");
    }
    let mut seen = Set::default();
    let mut wanted = Vec::new();
    for mut mount in mounts {
        match mount.kind.as_str() {
            "tmpfs" => mount.device.clone_from(&mount.point),
            "zfs" | "btrfs" => {}
            _ if mount.device.starts_with("/dev/") && !mount.kind.starts_with("squashfs") => {}
            _ => continue,
        }
        if seen.insert(mount.device.clone()) {
            wanted.push(mount);
        }
    }
    wanted
}

/// Size and use of a mount.
pub(super) fn ask(paths: &ContainerPaths, mount: &Mount) -> Option<StatVfs> {
    let stat = statvfs(under(&paths.rootfs, &mount.point)).ok()?;
    (stat.f_blocks > 0).then_some(stat)
}

/// A path of the machine, as this process sees it.
fn under(rootfs: &str, path: &str) -> PathBuf {
    Path::new(rootfs).join(path.trim_start_matches('/'))
}

/// Where a process writes: the upper folder of an overlay, or the folder that is its root. With it, the mount that holds it.
pub(super) fn layer(paths: &ContainerPaths, pid: u32) -> Option<(PathBuf, Mount)> {
    let root = table(&paths.procfs, &pid.to_string()).into_iter().find(|mount| mount.point == "/")?;
    let machine = table(&paths.procfs, "1");
    if root.kind == "overlay" {
        let upper = root.options.split(',').find_map(|option| option.strip_prefix("upperdir="))?;
        let holder = holder(&machine, upper)?;
        return Some((under(&paths.rootfs, upper), holder));
    }
    // A copy of the image as a plain folder; a process whose root is the machine's has no layer.
    let holder = machine.into_iter().find(|mount| mount.numbers == root.numbers && mount.root == "/")?;
    if root.root == "/" {
        return None;
    }
    let folder = format!("{}/{}", holder.point.trim_end_matches('/'), root.root.trim_start_matches('/'));
    Some((under(&paths.rootfs, &folder), holder))
}

/// The mount that a path is on.
fn holder(mounts: &[Mount], path: &str) -> Option<Mount> {
    let holds = |mount: &&Mount| {
        let rest = path.strip_prefix(mount.point.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    mounts.iter().filter(holds).max_by_key(|mount| mount.point.len()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_mount_table_are_read() {
        let mount = parse("36 35 98:0 /a /mnt\\040b rw,noatime shared:1 - ext4 /dev/root rw,errors=continue").unwrap();
        assert_eq!((mount.numbers, mount.root.as_str(), mount.point.as_str()), ((98, 0), "/a", "/mnt b"));
        assert_eq!((mount.kind.as_str(), mount.device.as_str()), ("ext4", "/dev/root"));
        assert_eq!(parse("36 35 98:0 /a"), None);
        let mounts = [mount.clone(), Mount { point: "/".to_owned(), ..mount }];
        assert_eq!(holder(&mounts, "/mnt b/c").unwrap().point, "/mnt b");
        assert_eq!(holder(&mounts, "/mnt bc").unwrap().point, "/");
    }
}
