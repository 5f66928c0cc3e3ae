//! Whether a program is one of ours: read from its file, before it is started.
//!
//! The linker gathers the functions with `#[ganger::worker]` in a section of their own, whose header stays when a program
//! is stripped. So the section's presence says that the library is in the program, and its size whether there is such a
//! function. Nothing is guessed from a name, and no program is run to find out.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where `linkme` has the linker put [`GANGER_WORKERS`](crate::registry::GANGER_WORKERS).
const SECTION: &[u8] = b"linkme_GANGER_WORKERS";

/// What a program has of this library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// Nothing: it is a script, or a program of any other kind.
    Foreign,
    /// The library, but no function with [`#[ganger::worker]`](macro@crate::worker).
    NoWorker,
    /// Such a function: it can be the worker program of a pool [`for_lines`](crate::PoolBuilder::for_lines).
    Worker,
}

/// Looks at a program's file.
///
/// ```
/// use ganger::Linkage;
///
/// assert_eq!(ganger::linkage("/bin/sh".as_ref())?, Linkage::Foreign);
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// When it cannot be read.
pub fn linkage(program: &Path) -> io::Result<Linkage> {
    let file = File::open(program)?;
    match section_size(&file) {
        Ok(None) => Ok(Linkage::Foreign),
        Ok(Some(0)) => Ok(Linkage::NoWorker),
        Ok(Some(_)) => Ok(Linkage::Worker),
        // Shorter than its headers say, or than headers are; or they name a place where no file has anything.
        Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput) => {
            Ok(Linkage::Foreign)
        }
        Err(error) => Err(error),
    }
}

/// Where what stands in the headers of a 64-bit ELF file, little endian: offset and length.
mod place {
    pub(super) const MAGIC: &[u8] = b"\x7fELF\x02\x01";
    pub(super) const SECTIONS: usize = 40;
    pub(super) const SECTION_LENGTH: usize = 58;
    pub(super) const SECTION_COUNT: usize = 60;
    pub(super) const NAMES: usize = 62;
    /// Within a section's header.
    pub(super) const OFFSET: usize = 24;
    pub(super) const SIZE: usize = 32;
    pub(super) const HEADER: usize = 64;
}

/// The size of our section. None: there is none, or it is no such file.
fn section_size(file: &File) -> io::Result<Option<u64>> {
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0)?;
    let (length, count) = (u16_at(&head, place::SECTION_LENGTH), u16_at(&head, place::SECTION_COUNT));
    let names = u16_at(&head, place::NAMES);
    if !head.starts_with(place::MAGIC) || usize::from(length) != place::HEADER || names >= count {
        return Ok(None);
    }
    let mut table = vec![0; place::HEADER * usize::from(count)];
    file.read_exact_at(&mut table, u64_at(&head, place::SECTIONS))?;
    let (sections, _) = table.as_chunks::<{ place::HEADER }>();
    let texts = u64_at(&sections[usize::from(names)], place::OFFSET);
    for section in sections {
        if is_ours(file, texts.saturating_add(u32_at(section, 0).into()))? {
            return Ok(Some(u64_at(section, place::SIZE)));
        }
    }
    Ok(None)
}

/// Whether our section's name stands there, whole.
fn is_ours(file: &File, at: u64) -> io::Result<bool> {
    let mut name = [0; SECTION.len() + 1];
    let length = file.read_at(&mut name, at)?;
    Ok(length == name.len() && name.strip_suffix(b"\0") == Some(SECTION))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn of(bytes: &[u8]) -> Linkage {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        linkage(file.path()).unwrap()
    }

    #[test]
    fn a_program_with_the_library_is_told_from_others() {
        // This test program has the library in it, and registers no such function.
        assert_eq!(linkage("/proc/self/exe".as_ref()).unwrap(), Linkage::NoWorker);
        assert_eq!(linkage("/bin/sh".as_ref()).unwrap(), Linkage::Foreign);
        assert!(linkage("/no/such".as_ref()).is_err());
    }

    #[test]
    fn whatever_is_in_a_file_it_is_read_safely() {
        assert_eq!(of(b""), Linkage::Foreign);
        assert_eq!(of(b"#!/bin/sh\n"), Linkage::Foreign);
        assert_eq!(of(&[0xff; 200]), Linkage::Foreign);
        let mut wrong = [0xff; 200];
        wrong[..6].copy_from_slice(place::MAGIC);
        wrong[place::SECTION_LENGTH..][..2].copy_from_slice(&64u16.to_le_bytes());
        wrong[place::NAMES..][..2].copy_from_slice(&1u16.to_le_bytes());
        assert_eq!(of(&wrong), Linkage::Foreign);
    }
}
