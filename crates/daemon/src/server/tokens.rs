//! Tokens: who is who, by a secret that both know.
//!
//! The file has one a line, `name:token`; empty lines and those that begin with # are left out.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::error::ServeError;

/// Shorter ones can be guessed.
const SHORTEST: usize = 16;

/// Those that count now.
pub(super) struct Tokens {
    tokens: Vec<Token>,
    /// Known to nobody: see [`holder`](Self::holder).
    salt: [u8; 40],
}

pub(super) struct Token {
    pub(super) name: String,
    secret: String,
}

impl Tokens {
    /// Reads the file, if it is for this user's eyes alone.
    pub(super) fn read(path: &Path) -> Result<Self, ServeError> {
        let failed = |why: String| ServeError::access(format!("the token file {}: {why}", path.display()));
        let text = private_text(path).map_err(&failed)?;
        let mut salt = [0; 40];
        ganger_sys::random::fill(&mut salt).map_err(ServeError::system("random bytes"))?;
        Ok(Self { tokens: parse(&text).map_err(failed)?, salt })
    }

    /// Whose token it is. All are looked at, and what is compared is a hash that nobody can know beforehand: so neither
    /// the time that it takes nor a part that was right tells anything.
    pub(super) fn holder(&self, given: &[u8]) -> Option<&Token> {
        let hashed = self.hash(given);
        let right =
            |token: &Token| hashed.clone().verify_slice(&self.hash(token.secret.as_bytes()).finalize().into_bytes());
        self.tokens.iter().fold(None, |found, token| if right(token).is_ok() { Some(token) } else { found })
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.name == name)
    }

    fn hash(&self, given: &[u8]) -> Hmac<Sha256> {
        signer(&self.salt).chain_update(given)
    }
}

impl Token {
    /// What signs with the token, without showing it.
    pub(super) fn signer(&self) -> Hmac<Sha256> {
        signer(self.secret.as_bytes())
    }
}

fn signer(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn private_text(path: &Path) -> Result<String, String> {
    const OTHERS: u32 = 0o077;
    let looked_at = File::open(path).and_then(|file| {
        let found = file.metadata()?;
        let refused = |why| Err(io::Error::other(why));
        match found.mode() & OTHERS {
            0 if found.uid() == 0 || found.uid() == nix::unistd::geteuid().as_raw() => io::read_to_string(file),
            0 => refused("another user owns it: chown it to the service's"),
            _ => refused("others can read it, and may have: give it new tokens, and chmod 600"),
        }
    });
    looked_at.map_err(|error| error.to_string())
}

fn parse(text: &str) -> Result<Vec<Token>, String> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let told = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let tokens: Vec<Token> =
        told.map(|(at, line)| token(line).map_err(|why| format!("line {at}: {why}"))).collect::<Result<_, _>>()?;
    let twice =
        tokens.iter().enumerate().find(|(at, token)| tokens[..*at].iter().any(|other| other.name == token.name));
    match (tokens.is_empty(), twice) {
        (true, _) => Err("there is no token in it: echo \"me:$(openssl rand -hex 32)\" makes one".to_owned()),
        (_, Some((_, token))) => Err(format!("there are two tokens of {:?}: give each its own name", token.name)),
        _ => Ok(tokens),
    }
}

/// What is wrong is told without the token.
fn token(line: &str) -> Result<Token, String> {
    let (name, secret) = line.split_once(':').ok_or("it is not name:token")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("letters, digits, '_' and '-' can be in a name".to_owned());
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("the token of {name:?} has other characters than the visible ones of ASCII"));
    }
    if secret.len() < SHORTEST {
        return Err(format!(
            "the token of {name:?} can be guessed: it needs {SHORTEST} characters; openssl rand -hex 32 makes one"
        ));
    }
    Ok(Token { name: name.to_owned(), secret: secret.to_owned() })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn tokens(text: &str) -> Tokens {
        Tokens { tokens: parse(text).expect("tokens"), salt: [7; 40] }
    }

    #[test]
    fn a_token_has_a_holder() {
        let tokens = tokens("# ours\nann:0123456789abcdef\n\nbob:fedcba9876543210\n");
        let holder = |given: &str| tokens.holder(given.as_bytes()).map(|token| token.name.as_str());
        assert_eq!((holder("0123456789abcdef"), holder("fedcba9876543210")), (Some("ann"), Some("bob")));
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "ann:0123456789abcdef", "0123456789abcdeF"] {
            assert_eq!(holder(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bad_files_are_refused_without_telling_tokens() {
        for (text, told) in [
            ("", "no token in it"),
            ("0123456789abcdef", "line 1: it is not name:token"),
            ("a b:0123456789abcdef", "in a name"),
            ("ann:short-0123", "line 1: the token of \"ann\" can be guessed"),
            ("ann:0123456789 abcdef", "visible ones"),
            ("ann:0123456789abcdef\nann:fedcba9876543210", "two tokens of \"ann\""),
        ] {
            let error = parse(text).err().expect("an error");
            assert!(error.contains(told) && !error.contains("0123"), "{error}");
        }
    }
}
