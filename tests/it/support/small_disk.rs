//! A disk of a few megabytes, in memory, that only the server under test sees: mounted in a
//! namespace of its own, which ends with the test, however that ends.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// A small disk.
pub struct SmallDisk {
    /// Its folder, as the server sees it.
    folder: PathBuf,
    holder: Child,
    // The holder ends when this is closed.
    _input: ChildStdin,
}

impl SmallDisk {
    /// A disk of so many megabytes over a folder; nothing where that is not allowed.
    pub fn at(folder: &Path, megabytes: u64) -> Option<Self> {
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m none {} && echo ready && exec cat",
            folder.display()
        );
        let holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut holder = holder.ok()?;
        let mut line = String::new();
        let out = holder.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).ok()?;
        let input = holder.stdin.take().expect("piped");
        let disk = Self { folder: folder.to_owned(), holder, _input: input };
        if line.trim() != "ready" {
            println!("no small disk can be mounted here");
            return None;
        }
        Some(disk)
    }

    /// What a program is begun with that is to see the disk.
    pub fn enter(&self) -> Vec<String> {
        let id = self.holder.id().to_string();
        ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", &id, "--"]
            .map(str::to_owned)
            .to_vec()
    }

    /// A path on the disk, as it is reached from here.
    pub fn seen(&self, path: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), path.display()))
    }

    /// Bytes that are free.
    pub fn free(&self) -> u64 {
        let about = statvfs(self.seen(&self.folder)).expect("a disk");
        about.f_bavail * about.f_frsize
    }

    /// Another program takes the disk at once, but for so many bytes; again and again, if more
    /// becomes free.
    pub fn fill(&self, all_but: u64) {
        let path = self.seen(&self.folder).join("another-program");
        let file = File::options().create(true).append(true).open(path).expect("a file");
        let has = file.metadata().expect("a file").len();
        let wanted = self.free().saturating_sub(all_but);
        if wanted > 0 {
            // Somebody else may have taken it meanwhile.
            let _taken = fallocate(&file, FallocateFlags::empty(), has, wanted);
        }
    }

    /// The other program gives everything back.
    pub fn empty(&self) {
        drop(std::fs::remove_file(self.seen(&self.folder).join("another-program")));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
