//! Hashing passwords, off the asynchronous threads.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use traced::traced;

use super::Error;

/// The longest password that can be registered, in bytes.
pub const LONGEST: usize = 72;

/// What hashing a password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// What [OWASP](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html) recommends: 19 MiB, two passes.
    pub const RECOMMENDED: Self = Self { memory: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST };
    /// As little as possible: for tests.
    pub const LOWEST: Self = Self { memory: Params::MIN_M_COST, passes: Params::MIN_T_COST };
}

/// Hashes and verifies with Argon2id.
#[derive(Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Verified against when there is no such user, so that the answer takes as long.
    nobody: String,
    /// A hash takes 19 MiB and a core: as many at once as there are cores.
    cores: Arc<Semaphore>,
}

impl Passwords {
    /// A hasher of that cost.
    ///
    /// # Errors
    ///
    /// When the cost is outside of Argon2's bounds or the system has no randomness.
    pub fn new(cost: Cost) -> Result<Self, Error> {
        let params = Params::new(cost.memory, cost.passes, 1, None).map_err(|_| Error::Hashing)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon2.hash_password(b"nobody").map_err(|_| Error::Hashing)?.to_string();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { argon2, nobody, cores: Arc::new(Semaphore::new(cores)) })
    }

    /// The PHC string to store for `password`.
    ///
    /// # Errors
    ///
    /// [`Error::Hashing`] when the system has no randomness.
    pub async fn hash(&self, password: SecretString) -> Result<String, Error> {
        let argon2 = self.argon2.clone();
        self.blocking(move || hash_password(&argon2, password.expose_secret())).await?
    }

    /// Whether `hash` is the password's. Without a hash, as slowly, `false`.
    ///
    /// # Errors
    ///
    /// [`Error::Hashing`] when the runtime stops.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, Error> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let verified = self.blocking(move || verify_password(password.expose_secret(), &hash)).await?;
        Ok(verified && known)
    }

    async fn blocking<T: Send + 'static>(&self, body: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| Error::Hashing)?;
        let carried = move || {
            let _permit = permit;
            body()
        };
        traced::spawn_blocking(carried).await.map_err(|_| Error::Hashing)
    }
}

#[traced(ok(status = ok))]
fn hash_password(argon2: &Argon2<'_>, password: &str) -> Result<String, Error> {
    argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| Error::Hashing)
}

#[traced(ret(|ok| attrs(verification.result = if *ok { "success" } else { "failed" }), status = ok))]
fn verify_password(password: &str, hash: &str) -> bool {
    // Nobody registered a longer one, and hashing a megabyte would be an attacker's to ask for.
    let longest = password.len().min(LONGEST);
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(&password.as_bytes()[..longest], &hash).is_ok())
        && longest == password.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_its_password_alone() {
        let passwords = Passwords::new(Cost::LOWEST).unwrap();
        let hash = passwords.hash("Test123!".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("Test123!".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("Test123".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("nobody".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_longer_password_is_not_cut_to_one_that_matches() {
        let passwords = Passwords::new(Cost::LOWEST).unwrap();
        let longest = "x".repeat(LONGEST);
        let hash = passwords.hash(longest.clone().into()).await.unwrap();
        assert!(!passwords.verify(format!("{longest}y").into(), Some(hash)).await.unwrap());
    }
}
