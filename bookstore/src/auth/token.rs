//! Access tokens: who asks, signed by this service.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use traced::traced;

use super::Error;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

/// Signs and reads access tokens.
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    lifetime: Duration,
}

impl Tokens {
    /// Tokens signed with `secret` that expire after `lifetime`.
    pub fn new(secret: &SecretString, lifetime: Duration) -> Self {
        let secret = secret.expose_secret().as_bytes();
        // One algorithm, so that a token can't choose `none`; `exp` is required; not a second of leeway, and at `exp`
        // itself it is over: "on or after" (RFC 7519, 4.1.4).
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.reject_tokens_expiring_in_less_than = 1;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
            lifetime,
        }
    }

    /// A token for the user of that name.
    ///
    /// # Errors
    ///
    /// [`Error::Signing`] when the key can't sign.
    pub fn create(&self, username: &str) -> Result<String, Error> {
        create_access_token(&self.signing, username, Timestamp::now() + self.lifetime)
    }

    /// The name of the user whom the token was created for.
    pub fn username(&self, token: &str) -> Option<String> {
        let token = decode::<Claims>(token, &self.verifying, &self.validation).ok()?;
        // What its issuer calls critical must be understood (RFC 7515, 4.1.11): here nothing is.
        token.header.crit.is_none().then_some(token.claims.sub)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[traced(
    attrs(token.expiry = %expiry, token.subject = subject),
    ok(event("JWT token created"), status = ok),
)]
fn create_access_token(key: &EncodingKey, subject: &str, expiry: Timestamp) -> Result<String, Error> {
    let claims = Claims { sub: subject.to_owned(), exp: expiry.as_second() };
    encode(&Header::new(Algorithm::HS256), &claims, key).map_err(|_| Error::Signing)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn tokens(lifetime: Duration) -> Tokens {
        Tokens::new(&SECRET.into(), lifetime)
    }

    fn signed(algorithm: Algorithm, claims: &serde_json::Value, secret: &str) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    #[test]
    fn a_token_names_its_user_until_it_expires() {
        let token = tokens(Duration::from_secs(60)).create("ada").unwrap();
        assert_eq!(tokens(Duration::ZERO).username(&token).as_deref(), Some("ada"));
        let expired = signed(Algorithm::HS256, &json!({"sub": "ada", "exp": Timestamp::now().as_second() - 1}), SECRET);
        assert_eq!(tokens(Duration::ZERO).username(&expired), None);
        // At `exp` itself: a clock that moves on meanwhile only makes it later.
        let expiring = signed(Algorithm::HS256, &json!({"sub": "ada", "exp": Timestamp::now().as_second()}), SECRET);
        assert_eq!(tokens(Duration::ZERO).username(&expiring), None);
    }

    #[test]
    fn tokens_that_are_not_valid_yet_or_ask_for_more_are_refused() {
        let tokens = tokens(Duration::from_secs(60));
        let now = Timestamp::now().as_second();
        let from = |nbf: i64| signed(Algorithm::HS256, &json!({"sub": "ada", "exp": now + 60, "nbf": nbf}), SECRET);
        assert!(tokens.username(&from(now)).is_some());
        assert_eq!(tokens.username(&from(now + 30)), None);
        let mut header = Header::new(Algorithm::HS256);
        header.crit = Some(vec!["unheard-of".into()]);
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let critical = encode(&header, &json!({"sub": "ada", "exp": now + 60}), &key).unwrap();
        assert_eq!(tokens.username(&critical), None);
    }

    #[test]
    fn foreign_keys_other_algorithms_and_missing_claims_are_refused() {
        let tokens = tokens(Duration::from_secs(60));
        let later = Timestamp::now().as_second() + 60;
        let whole = json!({"sub": "ada", "exp": later});
        assert!(tokens.username(&signed(Algorithm::HS256, &whole, SECRET)).is_some());
        assert_eq!(tokens.username(&signed(Algorithm::HS256, &whole, "another")), None);
        assert_eq!(tokens.username(&signed(Algorithm::HS512, &whole, SECRET)), None);
        assert_eq!(tokens.username(&signed(Algorithm::HS256, &json!({"sub": "ada"}), SECRET)), None);
        assert_eq!(tokens.username(&signed(Algorithm::HS256, &json!({"exp": later}), SECRET)), None);
        // {"alg":"none"} . {"sub":"ada","exp":9999999999} .
        assert_eq!(tokens.username("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEiLCJleHAiOjk5OTk5OTk5OTl9."), None);
    }
}
