//! Signed refresh tokens: the newer format of existing projects, so that their sessions go on.
//!
//! In: a token text. Out: a new session object for the same sign-in, or the reason why not. The token is
//! base64url of a version byte 0, the session's id (16 bytes), a counter (unsigned LEB128), 16 bytes of
//! HMAC-SHA-256 over these with the session's key, and 4 bytes of SHA-256 over all of it. The session's
//! row holds the key and the counter of its newest token. Sessions that begin here have the other format
//! ([`super::refresh_token`]).
//! Source: <https://github.com/supabase/auth>, behaviour of the opt-in token format.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio_postgres::Row;
use uuid::Uuid;

use super::error::{AuthError, Result, codes};
use super::refresh_token::{Owner, already_used, not_found, renew};
use super::session::Peer;
use super::state::AuthState;
use super::store::{self, OpenTransaction, Step};
use super::token::Session;
use super::user::User;

const VERSION: u8 = 0;
const ID: usize = 16;
const SIGNATURE: usize = 16;
const CHECKSUM: usize = 4;
/// Bytes of a counter at most: 63 bits, seven to a byte.
const COUNTER_MAX: usize = 9;

/// A token that is well formed; its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    session_id: Uuid,
    counter: i64,
    signed: Vec<u8>,
    signature: [u8; SIGNATURE],
}

impl Token {
    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
        if Sha256::digest(signed)[..CHECKSUM] != *checksum {
            return None;
        }
        let (signed, signature) = signed.split_at_checked(signed.len().checked_sub(SIGNATURE)?)?;
        let (&VERSION, rest) = signed.split_first()? else {
            return None;
        };
        let (id, counter) = rest.split_at_checked(ID)?;
        Some(Self {
            session_id: Uuid::from_slice(id).ok()?,
            counter: read_counter(counter)?,
            signed: signed.to_vec(),
            signature: signature.try_into().ok()?,
        })
    }

    fn is_signed_with(&self, key: &[u8]) -> bool {
        signature(key, &self.signed).ct_eq(&self.signature).into()
    }
}

/// The token of a session with this counter.
fn encode(session_id: Uuid, counter: i64, key: &[u8]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(session_id.as_bytes());
    let mut left = counter.unsigned_abs();
    while left >= 0x80 {
        bytes.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    bytes.push(left.to_le_bytes()[0]);
    let signature = signature(key, &bytes);
    bytes.extend(signature);
    let checksum = Sha256::digest(&bytes);
    bytes.extend(&checksum[..CHECKSUM]);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signature(key: &[u8], signed: &[u8]) -> [u8; SIGNATURE] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key length");
    mac.update(signed);
    let whole = mac.finalize().into_bytes();
    let mut half = [0; SIGNATURE];
    half.copy_from_slice(&whole[..SIGNATURE]);
    half
}

/// The whole of the bytes as one counter.
fn read_counter(bytes: &[u8]) -> Option<i64> {
    let (last, before) = bytes.split_last()?;
    if bytes.len() > COUNTER_MAX || last & 0x80 != 0 || before.iter().any(|b| b & 0x80 == 0) {
        return None;
    }
    let value = bytes
        .iter()
        .rev()
        .fold(0, |value: u64, byte| value << 7 | u64::from(byte & 0x7f));
    i64::try_from(value).ok()
}

/// What to do with a token whose signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// The newest: give out the next.
    Next,
    /// The one before, or used a moment ago: give out the newest again.
    Repeat,
    /// Older: somebody has a copy.
    Reused,
    /// Never given out.
    Ahead,
}

/// The rules; `age_s` is the time since the last refresh.
fn decide(sent: i64, newest: i64, age_s: f64, reuse_interval_s: i64) -> Decision {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a setting")]
    let interval_s = reuse_interval_s as f64;
    match newest.checked_sub(sent) {
        Some(0) => Decision::Next,
        Some(behind) if behind < 0 => Decision::Ahead,
        Some(1) => Decision::Repeat,
        _ if age_s < interval_s => Decision::Repeat,
        _ => Decision::Reused,
    }
}

/// The session as its row has it.
struct Found {
    owner: Owner,
    is_over: bool,
    key: Vec<u8>,
    counter: i64,
    age_s: f64,
}

impl Found {
    /// `None` when the session has no key that can be read.
    fn from_row(row: &Row) -> Option<Self> {
        let key: String = row.try_get::<_, Option<String>>("hmac_key").ok()??;
        // An encrypted key is JSON, which is no base64.
        let key = URL_SAFE_NO_PAD
            .decode(&key)
            .or_else(|_| URL_SAFE.decode(&key));
        Some(Self {
            owner: Owner::from_row(row).ok()?,
            is_over: row.try_get("is_over").ok()?,
            key: key.ok()?,
            counter: row.try_get::<_, Option<i64>>("counter").ok()??,
            age_s: row.try_get("age_s").ok()?,
        })
    }
}

/// Exchanges a signed refresh token for a new session object.
///
/// # Errors
/// Those of [`super::refresh_token::refresh`], and 400 `validation_failed` for a counter that was never
/// given out.
pub(super) async fn refresh(state: &AuthState, text: &str, peer: &Peer) -> Result<Session> {
    let Some(token) = Token::parse(text) else {
        return Err(not_found());
    };
    let client = store::connection(&state.pool).await?;
    let user = concat!(
        include_str!("sql/user_columns.sql"),
        " where u.id = (select s.user_id from auth.sessions s where s.id = $1)"
    );
    let steps = [include_str!("sql/session_by_id_lock.sql"), user]
        .map(|sql| Step::new(sql).bind(token.session_id));
    let (transaction, rows) = OpenTransaction::begin(
        client,
        "Database error finding refresh token",
        "set local lock_timeout = '5s'",
        &steps,
    )
    .await?;
    let first = |at: usize| rows.get(at).and_then(|rows| rows.first());
    let found = first(0).and_then(Found::from_row);
    let Some(found) = found.filter(|found| token.is_signed_with(&found.key)) else {
        return Err(transaction.rollback(not_found()).await);
    };
    if found.is_over {
        let over = "Invalid Refresh Token: Session Expired";
        let over = AuthError::new(codes::SESSION_EXPIRED, over);
        return Err(transaction.rollback(over).await);
    }
    let interval_s = state.settings.refresh_token_reuse_interval_s;
    let (counter, steps) = match decide(token.counter, found.counter, found.age_s, interval_s) {
        Decision::Repeat => (found.counter, Vec::new()),
        Decision::Next => {
            let next = found.counter.saturating_add(1);
            let sql = "update auth.sessions set refresh_token_counter = $2 where id = $1";
            let step = Step::new(sql).bind(token.session_id).bind(next);
            (next, vec![step])
        }
        Decision::Ahead => {
            let ahead = AuthError::validation("Refresh Token counter is not valid");
            return Err(transaction.rollback(ahead).await);
        }
        Decision::Reused => return end_session(transaction, token.session_id).await,
    };
    let issued = encode(token.session_id, counter, &found.key);
    let user = match first(1).map(User::from_row).transpose() {
        Ok(user) => user,
        Err(error) => {
            tracing::error!(%error, "auth: a column has an unexpected type");
            let unexpected = AuthError::unexpected("The auth schema is not as expected");
            return Err(transaction.rollback(unexpected).await);
        }
    };
    renew(
        state,
        transaction,
        (Some(found.owner), user),
        issued,
        steps,
        peer,
    )
    .await
}

/// A copy was used: the session ends, and that is kept though the request fails.
async fn end_session(transaction: OpenTransaction, session_id: Uuid) -> Result<Session> {
    let delete = Step::new("delete from auth.sessions where id = $1").bind(session_id);
    transaction
        .commit("Database error ending a session", &[delete])
        .await?;
    Err(already_used())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn what_is_written_is_read_and_nothing_else_passes() {
        let id = Uuid::from_u128(0x2222_2222_0000_4000_8000_0000_0000_0001);
        for counter in [0, 1, 127, 128, 300, i64::from(u32::MAX), i64::MAX] {
            let text = encode(id, counter, KEY);
            let token = Token::parse(&text).expect("well formed");
            assert_eq!((token.session_id, token.counter), (id, counter), "{text}");
            assert!(token.is_signed_with(KEY));
            assert!(!token.is_signed_with(b"another key"));
        }
        let good = encode(id, 300, KEY);
        for at in 0..good.len() {
            let mut bent = good.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).expect("ASCII");
            assert_eq!(Token::parse(&bent), None, "{bent}");
        }
        for bad in [
            "",
            "AA",
            "abcdefghijklm",
            "é",
            &good[1..],
            &format!("{good}="),
        ] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn counters_have_one_spelling() {
        assert_eq!(read_counter(&[0xac, 0x02]), Some(300));
        for bad in [&[][..], &[0x80], &[0x01, 0x01], &[0x80; 10], &[0xff; 9]] {
            assert_eq!(read_counter(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_rules_of_reuse() {
        for (sent, age_s, expected) in [
            (7, 99.0, Decision::Next),
            (6, 99.0, Decision::Repeat),
            (5, 9.0, Decision::Repeat),
            (5, 11.0, Decision::Reused),
            (0, f64::INFINITY, Decision::Reused),
            (8, 0.0, Decision::Ahead),
        ] {
            assert_eq!(decide(sent, 7, age_s, 10), expected, "{sent} {age_s}");
        }
    }
}
