//! Rate limits of a session, and of all sessions of an account together. The cells are `governor`'s; this file
//! decides who pays and how long to wait.

use std::{
    collections::HashSet,
    fmt,
    num::NonZeroU32,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};
use tidings_core::{
    ids::{AccountId, TenantId},
    limits::Limits,
};

/// A burst, and the count regained in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    burst: NonZeroU32,
    count: NonZeroU32,
    period: Period,
}

/// The period of an allowance, as in `80/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Second,
    Minute,
    Hour,
    Day,
}

/// A text that is not an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a burst and a rate, as in 2000+80/s, 20+10/h or 200+200/d, each at least 1")]
pub struct ParseAllowanceError;

impl Period {
    const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    fn letter(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }

    fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        })
    }
}

impl Allowance {
    /// An allowance of a burst and a count per second, each at least one.
    pub fn per_second(burst: u32, count: u32) -> Self {
        Self { burst: at_least_one(burst), count: at_least_one(count), period: Period::Second }
    }

    /// The larger of this allowance and the given one, for burst and rate.
    pub fn at_least(self, burst: u32, per_second: u32) -> Self {
        let burst = self.burst.max(at_least_one(burst));
        let least = Self::per_second(burst.get(), per_second);
        let slower = self.period.length() / self.count.get() > least.period.length() / least.count.get();
        if per_second > 0 && slower { least } else { Self { burst, ..self } }
    }

    fn quota(self) -> Quota {
        let each = self.period.length() / self.count.get();
        // A rate above one per nanosecond cannot be expressed.
        let quota = Quota::with_period(each.max(Duration::from_nanos(1))).expect("a period is longer than nothing");
        quota.allow_burst(self.burst)
    }
}

impl FromStr for Allowance {
    type Err = ParseAllowanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (burst, rest) = text.split_once('+').ok_or(ParseAllowanceError)?;
        let (count, period) = rest.split_once('/').ok_or(ParseAllowanceError)?;
        let number = |text: &str| text.parse::<NonZeroU32>().map_err(|_| ParseAllowanceError);
        let period = Period::ALL.into_iter().find(|each| each.letter() == period).ok_or(ParseAllowanceError)?;
        Ok(Self { burst: number(burst)?, count: number(count)?, period })
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}+{}/{}", self.burst, self.count, self.period.letter())
    }
}

/// The rate of one session for one kind of thing.
pub struct Rate<C: Clock = TokioClock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    burst: NonZeroU32,
}

/// The rates of accounts, each shared by all sessions of the account on this node. Idle accounts take
/// no memory.
pub struct AccountRates<C: Clock = TokioClock> {
    limiter: RateLimiter<AccountKey, HashMapStateStore<AccountKey>, C, NoOpMiddleware<C::Instant>>,
    burst: NonZeroU32,
    /// What accounts have paid for that pays once.
    paid: Mutex<HashSet<(AccountKey, Box<[u8]>)>>,
}

/// What has been paid for and is remembered at most; what is forgotten pays again.
const PAID_MAX: usize = 10_000;

/// The account that a rate belongs to.
pub type AccountKey = (TenantId, AccountId);

/// The clock of tokio's timers, which tests can pause.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioClock;

impl Clock for TokioClock {
    type Instant = std::time::Instant;

    fn now(&self) -> Self::Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// The rate of the changes of one session: its own, combined with its share of the account's.
pub struct ChangeRate<C: Clock = TokioClock> {
    own: Rate<C>,
    accounts: Arc<AccountRates<C>>,
    account: AccountKey,
    /// Already charged to the session's own rate by pushes that the account's rate held back.
    prepaid: usize,
}

/// The push rate of a session: of changes, and of their bytes.
pub struct PushRate<C: Clock = TokioClock> {
    changes: ChangeRate<C>,
    /// In units of 1,024.
    bytes: ChangeRate<C>,
    /// Units already paid by a push that was over the rate of changes.
    units_paid: usize,
}

impl PushRate {
    /// The rates of one session of an account, linked to those of all its sessions.
    pub fn new(limits: &Limits, changes: &Arc<AccountRates>, bytes: &Arc<AccountRates>, account: &AccountKey) -> Self {
        let units = |bytes: u32| bytes.div_ceil(UNIT_BYTES);
        let own = Rate::new(limits.changes_burst, limits.changes_per_second);
        let own_bytes = Rate::new(units(limits.change_bytes_burst), units(limits.change_bytes_per_second));
        Self {
            changes: ChangeRate::new(own, changes, account.clone()),
            bytes: ChangeRate::new(own_bytes, bytes, account.clone()),
            units_paid: 0,
        }
    }
}

impl<C: Clock> PushRate<C> {
    /// Charges a push of `changes` changes and `bytes` bytes. A push that is retried because it had too many
    /// changes does not pay for its bytes again.
    ///
    /// # Errors
    /// The time to wait before trying again.
    pub fn take(&mut self, changes: usize, bytes: usize) -> Result<(), Duration> {
        let units = bytes.div_ceil(UNIT_BYTES as usize);
        if units > self.units_paid {
            self.bytes.take(units - self.units_paid)?;
            self.units_paid = units;
        }
        self.changes.take(changes)?;
        self.units_paid = 0;
        Ok(())
    }
}

/// Size of the unit in which pushed bytes are charged.
const UNIT_BYTES: u32 = 1_024;

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// The cost of `count` things. An empty push still costs one, or a peer could send it for ever; a push beyond
/// the burst costs a full burst, since no wait would ever be enough.
fn cost(count: usize, burst: NonZeroU32) -> NonZeroU32 {
    at_least_one(u32::try_from(count).unwrap_or(u32::MAX)).min(burst)
}

/// The time to wait, rounded up to milliseconds so that a client never returns too early.
fn wait<C: Clock>(not_until: &NotUntil<C::Instant>, clock: &C) -> Duration {
    let wait = not_until.wait_time_from(clock.now());
    Duration::from_millis(u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX))
}

impl<C: Clock> fmt::Debug for AccountRates<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccountRates").field("burst", &self.burst).field("accounts", &self.count()).finish()
    }
}

impl Rate {
    /// A rate of a burst and a count per second.
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self::with_clock(burst, per_second, TokioClock)
    }
}

impl<C: Clock> Rate<C> {
    fn with_clock(burst: u32, per_second: u32, clock: C) -> Self {
        let allowance = Allowance::per_second(burst, per_second);
        let limiter = RateLimiter::direct_with_clock(allowance.quota(), clock);
        Self { limiter, burst: allowance.burst }
    }

    /// Charges `count`; zero counts as one.
    ///
    /// # Errors
    /// The time to wait before trying again.
    pub fn take(&self, count: usize) -> Result<(), Duration> {
        match self.limiter.check_n(cost(count, self.burst)) {
            Ok(taken) => taken.map_err(|not_until| wait(&not_until, self.limiter.clock())),
            Err(_) => unreachable!("the cost is at most the burst"),
        }
    }
}

impl AccountRates {
    /// Gives every account the same allowance.
    pub fn new(allowance: Allowance) -> Self {
        Self::with_clock(allowance, TokioClock)
    }
}

impl<C: Clock> AccountRates<C> {
    fn with_clock(allowance: Allowance, clock: C) -> Self {
        let limiter = RateLimiter::new(allowance.quota(), HashMapStateStore::default(), clock);
        Self { limiter, burst: allowance.burst, paid: Mutex::default() }
    }

    /// Charges `count` to an account.
    ///
    /// # Errors
    /// The time to wait before trying again.
    pub fn take(&self, account: &AccountKey, count: usize) -> Result<(), Duration> {
        match self.limiter.check_key_n(account, cost(count, self.burst)) {
            Ok(taken) => taken.map_err(|not_until| wait(&not_until, self.limiter.clock())),
            Err(_) => unreachable!("the cost is at most the burst"),
        }
    }

    /// Charges `count` to an account for something that is tried again while its store cannot be written: it pays the
    /// first time.
    ///
    /// # Errors
    /// The time to wait before trying again.
    pub fn take_once(&self, account: &AccountKey, thing: &[u8], count: usize) -> Result<(), Duration> {
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let thing = (account.clone(), Box::from(thing));
        if !paid.contains(&thing) {
            self.take(account, count)?;
            if paid.len() >= PAID_MAX {
                paid.clear();
            }
            paid.insert(thing);
        }
        Ok(())
    }

    /// Unloads the accounts that have regained their full burst: they are as good as new.
    pub fn forget_quiet(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    /// The number of accounts in memory.
    pub fn count(&self) -> usize {
        self.limiter.len()
    }
}

impl<C: Clock> ChangeRate<C> {
    /// The rate of a session of this account.
    pub fn new(own: Rate<C>, accounts: &Arc<AccountRates<C>>, account: AccountKey) -> Self {
        Self { own, accounts: Arc::clone(accounts), account, prepaid: 0 }
    }

    /// Charges `count` changes. The session's own rate is charged first, so that one that exceeds it takes
    /// nothing from the account's other sessions, and only once, even if the push returns because of the
    /// account's rate.
    ///
    /// # Errors
    /// The time to wait before trying again.
    pub fn take(&mut self, count: usize) -> Result<(), Duration> {
        let count = count.max(1);
        let due = count.saturating_sub(self.prepaid);
        if due > 0 {
            self.own.take(due)?;
        }
        match self.accounts.take(&self.account, count) {
            Ok(()) => {
                self.prepaid = self.prepaid.saturating_sub(count);
                Ok(())
            }
            Err(wait) => {
                self.prepaid = self.prepaid.max(count);
                Err(wait)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn rate(burst: u32, per_second: u32) -> (Rate<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Rate::with_clock(burst, per_second, clock.clone()), clock)
    }

    /// Two sessions of one account, and one of another.
    fn sessions(own: u32, account: u32) -> ([ChangeRate<FakeRelativeClock>; 3], FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let accounts = Arc::new(AccountRates::with_clock(Allowance::per_second(account, 1), clock.clone()));
        let session = |name: &str| {
            let own = Rate::with_clock(own, 1, clock.clone());
            ChangeRate::new(own, &accounts, (TenantId::parse("acme").unwrap(), AccountId::parse(name).unwrap()))
        };
        ([session("ann"), session("ann"), session("bob")], clock.clone())
    }

    #[test]
    fn an_allowance_says_its_period() {
        for text in ["2000+80/s", "20+10/h", "1+1/m", "200+200/d"] {
            assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
        }
        for text in
            ["", "20", "20+10", "20/s", "0+1/s", "1+0/s", "-1+1/s", "1+1/w", "1 + 1/s", "1+1/s/s", "4294967296+1/s"]
        {
            assert_eq!(text.parse::<Allowance>(), Err(ParseAllowanceError), "{text:?}");
        }
    }

    #[test]
    fn a_slow_allowance_comes_back_one_by_one() {
        let clock = FakeRelativeClock::default();
        let rates = AccountRates::with_clock("20+10/h".parse().unwrap(), clock.clone());
        let ann = (TenantId::parse("acme").unwrap(), AccountId::parse("ann").unwrap());
        assert_eq!(rates.take(&ann, 20), Ok(()));
        assert_eq!(rates.take(&ann, 1), Err(360 * SECOND));
        clock.advance(360 * SECOND);
        assert_eq!((rates.take(&ann, 1), rates.take(&ann, 1)), (Ok(()), Err(360 * SECOND)));
    }

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let (rate, clock) = rate(500, 20);
        assert_eq!(rate.take(500), Ok(()));
        assert_eq!(rate.take(1), Err(millis(50)));
        clock.advance(millis(50));
        assert_eq!(rate.take(1), Ok(()));
        clock.advance(SECOND);
        assert_eq!(rate.take(40), Err(SECOND));
        clock.advance(SECOND);
        assert_eq!(rate.take(40), Ok(()));
    }

    #[test]
    fn more_than_a_burst_passes_when_it_is_whole() {
        let (rate, clock) = rate(10, 10);
        assert_eq!(rate.take(25), Ok(()));
        clock.advance(millis(500));
        assert!(rate.take(25).is_err());
        clock.advance(millis(500));
        assert_eq!(rate.take(25), Ok(()));
    }

    #[test]
    fn nothing_is_free() {
        let (rate, _) = rate(2, 1);
        assert_eq!((rate.take(0), rate.take(0)), (Ok(()), Ok(())));
        assert_eq!(rate.take(0), Err(SECOND));
    }

    #[test]
    fn p22_a_push_pays_for_its_bytes_once_and_beside_its_changes() {
        let ([changes, ..], clock) = sessions(2, 100);
        let accounts = Arc::new(AccountRates::with_clock(Allowance::per_second(100, 100), clock.clone()));
        let bytes = ChangeRate::new(Rate::with_clock(10, 1, clock.clone()), &accounts, changes.account.clone());
        let mut pushes = PushRate { changes, bytes, units_paid: 0 };
        assert_eq!(pushes.take(1, 10 * 1_024), Ok(()));
        assert_eq!(pushes.take(1, 1), Err(SECOND), "one change, and too many bytes");
        clock.advance(SECOND);
        assert_eq!(pushes.take(1, 1), Ok(()));
        clock.advance(millis(3_000));
        assert_eq!(pushes.take(2, 3 * 1_024), Ok(()));
        clock.advance(SECOND);
        assert!(pushes.take(2, 1_024).is_err(), "few bytes, and too many changes");
        clock.advance(SECOND);
        // Its bytes are already paid; the rest is left for the next push.
        assert_eq!(pushes.take(2, 1_024), Ok(()));
        clock.advance(SECOND);
        assert_eq!(pushes.take(1, 2 * 1_024), Ok(()));
    }

    #[test]
    fn sessions_of_one_account_share_its_rate() {
        let ([mut phone, mut tablet, mut other], clock) = sessions(10, 15);
        assert_eq!(phone.take(10), Ok(()));
        assert_eq!(tablet.take(10), Err(millis(5_000)));
        assert_eq!(other.take(10), Ok(()));
        clock.advance(millis(5_000));
        assert_eq!(tablet.take(10), Ok(()));
    }

    #[test]
    fn what_the_account_deferred_is_paid_once() {
        let ([mut phone, mut tablet, _], clock) = sessions(10, 15);
        assert_eq!(phone.take(10), Ok(()));
        // However often it retries too early, its own ten are paid by the first attempt.
        for _ in 0..3 {
            assert_eq!(tablet.take(10), Err(millis(5_000)));
        }
        clock.advance(millis(5_000));
        assert_eq!(tablet.take(10), Ok(()));
        // It has regained five of its own meanwhile, and no more.
        assert_eq!(tablet.take(6), Err(SECOND));
    }

    #[test]
    fn a_session_over_its_own_rate_takes_nothing_from_the_others() {
        let ([mut phone, mut tablet, _], _) = sessions(10, 20);
        assert_eq!(phone.take(10), Ok(()));
        for _ in 0..50 {
            assert!(phone.take(10).is_err());
        }
        assert_eq!(tablet.take(10), Ok(()));
    }

    #[test]
    fn quiet_accounts_are_forgotten_and_busy_ones_are_not() {
        let ([mut phone, _, mut other], clock) = sessions(10, 20);
        assert_eq!(phone.take(1), Ok(()));
        clock.advance(millis(60_000));
        assert_eq!(other.take(10), Ok(()));
        assert_eq!(other.accounts.count(), 2);
        other.accounts.forget_quiet();
        assert_eq!(other.accounts.count(), 1);
        assert_eq!((other.take(1), phone.take(10)), (Err(SECOND), Ok(())));
    }
}
