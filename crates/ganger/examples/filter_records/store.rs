//! Files by address: of a disk, or of whatever else `object_store` knows.

use std::error::Error;
use std::io::{self, Read, Write};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// A directory of files, or what is one by its name. Its runtime is this thread: a worker has no other to spare.
pub(crate) struct Store {
    files: Arc<dyn ObjectStore>,
    root: Path,
    runtime: Arc<Runtime>,
}

impl Store {
    /// The address itself is looked at, the files are not. An address without a scheme is a directory.
    pub(crate) fn open(address: &str) -> Result<Self, Box<dyn Error>> {
        let url = url(address)?;
        if cfg!(not(feature = "s3")) && url.scheme() == "s3" {
            return Err(format!("{address}: S3 is for a program that was built with --features s3").into());
        }
        choose_tls();
        // The environment's names are those of S3's options, such as AWS_ENDPOINT.
        let (files, root) = object_store::parse_url_opts(&url, std::env::vars())?;
        let runtime = Arc::new(Builder::new_current_thread().enable_all().build()?);
        Ok(Self { files: files.into(), root, runtime })
    }

    /// Names and sizes of all files in it.
    pub(crate) fn list(&self) -> Result<Vec<(String, u64)>, Box<dyn Error>> {
        let found = self.runtime.block_on(self.files.list(Some(&self.root)).try_collect::<Vec<_>>())?;
        let named = found.into_iter().filter_map(|file| {
            let name: Vec<_> = file.location.prefix_match(&self.root)?.map(|part| part.as_ref().to_owned()).collect();
            Some((name.join("/"), file.size))
        });
        Ok(named.collect())
    }

    pub(crate) fn read(&self, name: &str) -> io::Result<Input> {
        Ok(match self.runtime.block_on(self.files.get(&self.path(name)))?.payload {
            GetResultPayload::File(file, _) => Input::File(file),
            GetResultPayload::Stream(pieces) => {
                Input::Stream { pieces, piece: Default::default(), runtime: self.runtime.clone() }
            }
        })
    }

    /// A file that is not there before it is finished.
    pub(crate) fn write(&self, name: &str) -> Output {
        let upload = BufWriter::new(self.files.clone(), self.path(name));
        Output { upload: Some(upload), runtime: self.runtime.clone() }
    }

    fn path(&self, name: &str) -> Path {
        Path::from_iter(self.root.parts().chain(Path::from(name).parts()))
    }
}

fn url(address: &str) -> Result<Url, Box<dyn Error>> {
    if address.contains("://") || address.starts_with("file:") {
        return Ok(Url::parse(address)?);
    }
    Url::from_directory_path(std::path::absolute(address)?).map_err(|()| format!("{address} is no address").into())
}

/// Before the first client of HTTP is made, in each process.
#[cfg(feature = "s3")]
fn choose_tls() {
    // It is chosen already if a store was opened before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(not(feature = "s3"))]
fn choose_tls() {}

/// A file that is read.
pub(crate) enum Input {
    /// Of this machine: the runtime has no part in reading it.
    File(std::fs::File),
    Stream {
        pieces: BoxStream<'static, object_store::Result<bytes::Bytes>>,
        piece: bytes::Bytes,
        runtime: Arc<Runtime>,
    },
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::File(file) => file.read(buffer),
            Input::Stream { pieces, piece, runtime } => {
                while piece.is_empty() {
                    match runtime.block_on(pieces.next()) {
                        Some(next) => *piece = next?,
                        None => return Ok(0),
                    }
                }
                let taken = piece.len().min(buffer.len());
                buffer[..taken].copy_from_slice(&piece.split_to(taken));
                Ok(taken)
            }
        }
    }
}

/// A file that is written. One that is dropped unfinished was never there.
pub(crate) struct Output {
    /// None: it is finished.
    upload: Option<BufWriter>,
    runtime: Arc<Runtime>,
}

impl Output {
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let Some(mut upload) = self.upload.take() else { return Ok(()) };
        self.runtime.block_on(upload.shutdown())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let upload = self.upload.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        self.runtime.block_on(upload.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        // What stays then is a part of an upload, which no reader sees.
        let _ = self.runtime.block_on(upload.abort());
    }
}
