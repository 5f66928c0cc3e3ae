//! Where this process's control groups are, in version 1 and in version 2.

use std::fs;
use std::path::{Path, PathBuf};

/// A directory of a controller, and how far up it may be followed.
#[derive(Debug, PartialEq)]
pub(crate) struct Group {
    /// Where the hierarchy is mounted.
    top: PathBuf,
    /// This process's directory in it.
    own: PathBuf,
}

/// What the kernel tells of this process's groups, read once for several controllers.
pub(crate) struct Groups {
    groups: String,
    mounts: String,
}

impl Groups {
    /// None where `/proc` does not tell.
    pub(crate) fn read() -> Option<Self> {
        let read = |file| fs::read_to_string(file).ok();
        Some(Self { groups: read("/proc/self/cgroup")?, mounts: read("/proc/self/mountinfo")? })
    }

    /// This process's group in the unified hierarchy.
    pub(crate) fn v2(&self) -> Option<Group> {
        Group::parse(&self.groups, &self.mounts, None)
    }

    /// This process's group for a controller of version 1.
    pub(crate) fn v1(&self, controller: &str) -> Option<Group> {
        Group::parse(&self.groups, &self.mounts, Some(controller))
    }
}

impl Group {
    /// The directory of this process.
    pub(crate) fn own(&self) -> &Path {
        &self.own
    }

    /// The directory and all above it, up to where the hierarchy is mounted: a limit on any of them holds.
    pub(crate) fn upwards(&self) -> impl Iterator<Item = &Path> {
        self.own.ancestors().take_while(|dir| dir.starts_with(&self.top))
    }

    /// From lines `0::/path` (version 2) and `4:cpu,cpuacct:/path` (version 1), and from the mounts.
    fn parse(groups: &str, mounts: &str, controller: Option<&str>) -> Option<Self> {
        let path = groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let controllers = fields.next()?;
            let named = match controller {
                None => controllers.is_empty(),
                Some(name) => controllers.split(',').any(|c| c == name),
            };
            fields.next().filter(|_| named)
        })?;
        let (root, top) = mounts.lines().find_map(|line| mount(line, controller))?;
        // In a container the mount shows a part of the hierarchy: the path is then told from the real root, or is "/".
        let below = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
        let top = PathBuf::from(top);
        let own = if below.as_os_str().is_empty() { top.clone() } else { top.join(below) };
        Some(Self { top, own })
    }
}

/// Root and mount point, if this line of mountinfo is the hierarchy's: `ID PARENT DEV ROOT POINT OPTIONS … - TYPE DEV SUPER`.
fn mount<'a>(line: &'a str, controller: Option<&str>) -> Option<(&'a str, &'a str)> {
    let (front, back) = line.split_once(" - ")?;
    let (mut front, mut back) = (front.split(' ').skip(3), back.split(' '));
    let wanted = match (back.next()?, controller) {
        ("cgroup2", None) => true,
        ("cgroup", Some(name)) => back.nth(1)?.split(',').any(|option| option == name),
        _ => false,
    };
    front.next().zip(front.next()).filter(|_| wanted)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    const GROUPS: &str = "4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n0::/user.slice/a b\n";
    const MOUNTS: &str = "\
30 25 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
31 25 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpu,cpuacct
";

    #[test]
    fn both_versions_are_found() {
        let two = Group::parse(GROUPS, MOUNTS, None).unwrap();
        assert_eq!(two.own(), Path::new("/sys/fs/cgroup/unified/user.slice/a b"));
        assert_eq!(two.upwards().count(), 3);
        let one = Group::parse(GROUPS, MOUNTS, Some("cpu")).unwrap();
        assert_eq!(one.own(), Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(one.upwards().count(), 1);
        assert_eq!(Group::parse(GROUPS, MOUNTS, Some("memory")), None);
    }
}
