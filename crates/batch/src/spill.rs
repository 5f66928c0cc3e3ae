//! Output that waits: in memory first, then in a file without a name, so that nothing is left behind by any end.
//!
//! One file serves all commands. It is cut into blocks that are used again, so it grows with what waits at one time and
//! not with what has passed through; and ten thousand small outputs that wait for their turn cost one descriptor.
//!
//! ```text
//!  Spool a   memory ▒▒        blocks 0, 2        0      1      2      3 (free)
//!  Spool b   memory ▒▒▒▒      blocks 1         ├──────┼──────┼──────┼──────┤
//! ```
//!
//! A spool's bytes are those in its blocks, in their order, then those in its memory.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// How many bytes wait in memory, of all spools together.
const MEMORY: usize = 8 << 20;
/// How many of them of one spool.
const OWN_MEMORY: usize = 128 << 10;
/// The size of a block.
const BLOCK: usize = 64 << 10;

/// The disk gave no room, or took it back.
#[derive(Debug)]
pub(crate) struct SpillError {
    dir: PathBuf,
    source: io::Error,
}

impl fmt::Display for SpillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dir, source } = self;
        write!(
            f,
            "failed to keep the commands' output in {}: {source}; let TMPDIR name a directory with room, \
             or pass the output on as it comes (--lb, -u)",
            dir.display()
        )
    }
}

/// Bytes that wait. Only the [`Spill`] that filled it can read it.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    blocks: Vec<u32>,
    on_disk: u64,
    memory: Vec<u8>,
}

impl Spool {
    pub(crate) fn is_empty(&self) -> bool {
        self.on_disk == 0 && self.memory.is_empty()
    }
}

/// The memory and the file that all spools share.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    in_memory: usize,
    file: Option<File>,
    free: Vec<u32>,
    blocks: u32,
    #[cfg(test)]
    pub(crate) dir: Option<PathBuf>,
}

impl Spill {
    /// Adds bytes to the end of a spool.
    pub(crate) fn append(&mut self, spool: &mut Spool, bytes: &[u8]) -> Result<(), SpillError> {
        let fits = spool.memory.len() + bytes.len() <= OWN_MEMORY && self.in_memory + bytes.len() <= MEMORY;
        if fits {
            self.in_memory += bytes.len();
            spool.memory.extend_from_slice(bytes);
            return Ok(());
        }
        let memory = std::mem::take(&mut spool.memory);
        self.in_memory -= memory.len();
        self.write(spool, &memory).and_then(|()| self.write(spool, bytes)).map_err(|source| self.error(source))
    }

    /// Passes all bytes of a spool on, in pieces, and empties it. The outer error is the disk's, the inner one `pass`'s.
    pub(crate) fn drain<E>(
        &mut self,
        spool: &mut Spool,
        mut pass: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Result<(), E>, SpillError> {
        let passed = self.pass_blocks(spool, &mut pass).map_err(|source| self.error(source));
        let passed = match passed {
            Ok(Ok(())) if !spool.memory.is_empty() => Ok(pass(&spool.memory)),
            Ok(_) | Err(_) => passed,
        };
        self.clear(spool);
        passed
    }

    /// Forgets all bytes of a spool.
    pub(crate) fn clear(&mut self, spool: &mut Spool) {
        let Spool { blocks, memory, .. } = std::mem::take(spool);
        self.in_memory -= memory.len();
        self.free.extend(blocks);
    }

    fn pass_blocks<E>(
        &self,
        spool: &Spool,
        pass: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> io::Result<Result<(), E>> {
        let (Some(file), mut left) = (&self.file, spool.on_disk) else { return Ok(Ok(())) };
        let mut buffer = if left == 0 { Vec::new() } else { vec![0; BLOCK] };
        for &block in &spool.blocks {
            let length = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            file.read_exact_at(&mut buffer[..length], start(block))?;
            if let Err(error) = pass(&buffer[..length]) {
                return Ok(Err(error));
            }
            left -= length as u64;
        }
        Ok(Ok(()))
    }

    /// Writes to the end of the spool's part on disk.
    fn write(&mut self, spool: &mut Spool, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let within = usize::try_from(spool.on_disk % BLOCK as u64).unwrap_or(0);
            if within == 0 {
                spool.blocks.push(self.block());
            }
            let Some(&block) = spool.blocks.last() else { return Ok(()) };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - within));
            self.file()?.write_all_at(now, start(block) + within as u64)?;
            spool.on_disk += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    fn block(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.blocks += 1;
            self.blocks - 1
        })
    }

    /// The file, made when it is first needed: without a name from the start, where the file system can.
    fn file(&mut self) -> io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(self.dir())?,
        };
        Ok(self.file.insert(file))
    }

    fn dir(&self) -> PathBuf {
        #[cfg(test)]
        if let Some(dir) = &self.dir {
            return dir.clone();
        }
        std::env::temp_dir()
    }

    fn error(&self, source: io::Error) -> SpillError {
        SpillError { dir: self.dir(), source }
    }
}

fn start(block: u32) -> u64 {
    u64::from(block) * BLOCK as u64
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn drained(spill: &mut Spill, spool: &mut Spool) -> Vec<u8> {
        let mut all = Vec::new();
        let passed = spill.drain(spool, |piece| {
            all.extend_from_slice(piece);
            Ok::<_, Infallible>(())
        });
        passed.expect("a disk").expect("infallible");
        all
    }

    #[test]
    fn small_output_stays_in_memory() {
        let (mut spill, mut spool) = (Spill::default(), Spool::default());
        assert!(spool.is_empty());
        spill.append(&mut spool, b"hello ").expect("memory");
        spill.append(&mut spool, b"there").expect("memory");
        assert!(!spool.is_empty());
        assert_eq!(drained(&mut spill, &mut spool), b"hello there");
        assert!(spill.file.is_none());
        assert_eq!(spill.in_memory, 0);
    }

    #[test]
    fn large_output_uses_its_blocks_again() {
        let mut spill = Spill::default();
        let large: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        for _ in 0..5 {
            let mut spool = Spool::default();
            large.chunks(50_000).for_each(|piece| spill.append(&mut spool, piece).expect("a disk"));
            assert!(spill.in_memory <= OWN_MEMORY);
            assert_eq!(drained(&mut spill, &mut spool), large);
        }
        assert_eq!(spill.blocks as usize, large.len().div_ceil(BLOCK));
        assert_eq!(spill.free.len(), spill.blocks as usize);
    }

    #[test]
    fn many_outputs_share_one_budget() {
        let mut spill = Spill::default();
        let mut spools: Vec<Spool> = (0..200).map(|_| Spool::default()).collect();
        for (n, spool) in spools.iter_mut().enumerate() {
            spill.append(spool, &vec![n as u8; 100_000]).expect("a disk");
        }
        assert!(spill.in_memory <= MEMORY && spill.file.is_some());
        for (n, spool) in spools.iter_mut().enumerate() {
            assert_eq!(drained(&mut spill, spool), vec![n as u8; 100_000]);
        }
        assert_eq!(spill.in_memory, 0);
    }

    #[test]
    fn the_error_names_the_place_and_the_remedy() {
        let mut spill = Spill { dir: Some("/nowhere/at/all".into()), ..Spill::default() };
        let error = spill.append(&mut Spool::default(), &[0; OWN_MEMORY + 1]).expect_err("no such directory");
        let told = error.to_string();
        assert!(told.contains("/nowhere/at/all") && told.contains("TMPDIR"), "{told}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Interleaved appends, drains and clears of four spools, against four plain vectors.
        #[test]
        fn spools_do_not_mix(steps in proptest::collection::vec((0usize..4, 0u8..8, 1usize..200_000), 1..40)) {
            let mut spill = Spill::default();
            let mut pairs: [(Spool, Vec<u8>); 4] = Default::default();
            for (n, (which, deed, length)) in steps.into_iter().enumerate() {
                let (spool, model) = &mut pairs[which];
                match deed {
                    0 => prop_assert!(drained(&mut spill, spool) == std::mem::take(model)),
                    1 => { spill.clear(spool); model.clear(); }
                    _ => {
                        spill.append(spool, &vec![n as u8; length]).expect("a disk");
                        model.extend(vec![n as u8; length]);
                    }
                }
            }
            for (spool, model) in &mut pairs {
                prop_assert!(drained(&mut spill, spool) == *model);
            }
            prop_assert_eq!(spill.in_memory, 0);
            prop_assert_eq!(spill.free.len(), spill.blocks as usize);
        }
    }
}
