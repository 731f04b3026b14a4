//! Simulated flow of orders in a limit order book, with and without spoofing. The data is made up: it says what a detector can
//! see in such a world, and nothing of any market.
//!
//! A session is a sequence of seconds. The book has five price levels a side, each with a resting quantity. In a second
//!
//! 1. traders place limit orders, `Poisson(a λ exp(-l / 2))` at level `l` counted from 0, and cancel a share of what rests;
//! 2. traders buy and sell at the market, `Poisson(a μ exp(±κ I))` orders a side, where `I = (bids - asks) / (bids + asks)` over
//!    the visible book: they lean to the side that looks heavier, which is what a spoofer lives on;
//! 3. a side whose best level is eaten up moves the price by a tick, and the levels behind it move up.
//!
//! Sizes are log-normal. The activity `a` is the exponential of a first-order autoregression, so that storms and calm come in
//! stretches. Honest large orders come at random to any level and rest until they are eaten up or slowly withdrawn, and now and
//! then somebody cancels much at once: neither is spoofing.
//!
//! A spoofer wants to trade on one side. He places large orders away from the best price of the other side, several times the
//! usual quantity of a level, spread over some levels; waits while the book looks heavy; trades against those who lean with it; and
//! cancels what he placed, before it would be filled. Then, some time later, another episode may follow.
//!
//! The form of the book and of its flows follows R. Cont, S. Stoikov and R. Talreja, "A stochastic model for order book
//! dynamics", Operations Research 58 (2010); the pattern of spoofing that of the cases described by the CFTC (orders placed with the
//! intent to cancel before execution, Commodity Exchange Act, section 4c(a)(5)(C)).

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Cells, Table};
use crate::error::ContentError;
use crate::seed::{Seed, standard_normal, uniform};

/// Price levels of a side that are seen.
const LEVELS: usize = 5;
/// Limit orders a second at the best level, and market orders a second and side, at usual activity.
const PLACED: f64 = 2.0;
const TRADED: f64 = 1.2;
/// How strongly market orders lean to the side that looks heavier.
const LEAN: f64 = 0.8;
/// Orders a second that are cancelled, as a share of the orders that rest.
const WITHDRAWN: f64 = 0.08;
/// Log-normal sizes: median 1, this standard deviation of the logarithm.
const SPREAD: f64 = 0.6;
/// Honest large orders a second, and how many times the usual quantity of a level they are.
const HONEST: f64 = 0.002;
const HONEST_SIZE: [f64; 2] = [2.0, 4.0];
/// How often much is cancelled at once, a second and side.
const WITHDRAWALS: f64 = 0.001;
/// The autoregression of activity: memory, deviation of its shocks.
const MEMORY: f64 = 0.97;
const SHOCK: f64 = 0.12;
/// Seconds before the first that is recorded, so that the book has its usual form.
const WARM_UP: usize = 200;
/// The usual quantity that rests at a level, by which large orders are sized.
const USUAL: f64 = 10.0;

/// A simulated flow of orders: `{ difficulty = "medium", sessions = 60, seconds = 900, spoofed = 0.5 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct OrderFlow {
    /// How much a spoofer looks like others.
    pub difficulty: Difficulty,
    /// Sessions, 2 to 10000.
    pub sessions: usize,
    /// Seconds of each, 60 to 100000.
    pub seconds: usize,
    /// The share of the sessions, the last ones, in which there is a spoofer, 0 to 1.
    pub spoofed: f64,
}

/// How much a spoofer looks like others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difficulty {
    /// One order of about twelve times the usual quantity of a level, gone within about ten seconds.
    Easy,
    /// Orders of about seven times the usual quantity over two levels, for about fifteen seconds.
    #[default]
    Medium,
    /// Orders of about four times the usual quantity over three levels, placed and cancelled one after the other.
    Hard,
}

impl Default for OrderFlow {
    fn default() -> Self {
        Self { difficulty: Difficulty::default(), sessions: 60, seconds: 900, spoofed: 0.5 }
    }
}

/// The columns of values of a second.
const CHANNELS: [&str; 11] = [
    "imbalance",
    "bid_depth",
    "ask_depth",
    "bid_placed",
    "ask_placed",
    "bid_cancelled",
    "ask_cancelled",
    "bought",
    "sold",
    "ticks",
    "largest",
];

impl OrderFlow {
    /// What it is, in a few words.
    pub fn label(&self) -> String {
        let difficulty = match self.difficulty {
            Difficulty::Easy => "easy",
            Difficulty::Medium => "medium",
            Difficulty::Hard => "hard",
        };
        format!(
            "simulated order flow ({difficulty}): {} sessions of {} seconds; nothing of it was ever traded",
            self.sessions, self.seconds
        )
    }

    /// The first value out of range, as (field, found, allowed).
    pub fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        if !(2..=10_000).contains(&self.sessions) {
            return Some(("sessions", self.sessions.to_string(), "2 to 10000"));
        }
        if !(60..=100_000).contains(&self.seconds) {
            return Some(("seconds", self.seconds.to_string(), "60 to 100000"));
        }
        if !(0.0..=1.0).contains(&self.spoofed) {
            return Some(("spoofed", self.spoofed.to_string(), "0 to 1"));
        }
        None
    }

    /// The sessions as a table in long form: `session`, `second`, what is seen of each second, and `spoofing`, 1 while orders rest
    /// that are not meant to be filled. The same seed gives the same table.
    ///
    /// `imbalance` is `I` at the end of the second, `bid_depth` and `ask_depth` the logarithm of what rests on five levels, the others
    /// `ln(1 + quantity)` of what was placed, cancelled, bought and sold in it, `ticks` the change of the price and `largest` the
    /// logarithm of the largest order placed.
    ///
    /// # Errors
    /// None in practice: that columns have one length is checked.
    pub fn draw(&self, seed: Seed) -> Result<Table, ContentError> {
        let n = self.sessions * self.seconds;
        let mut names = Vec::with_capacity(n);
        let mut seconds = Vec::with_capacity(n);
        let mut values: Vec<Vec<f64>> = vec![Vec::with_capacity(n); CHANNELS.len()];
        let mut spoofing = Vec::with_capacity(n);
        let first_spoofed = self.sessions - (self.sessions as f64 * self.spoofed).round() as usize;
        let digits = self.sessions.to_string().len();
        for session in 0..self.sessions {
            let spoofer = (session >= first_spoofed).then_some(self.difficulty);
            let mut market = Market::new(seed, session, spoofer);
            for _ in 0..WARM_UP {
                market.second();
            }
            market.begin();
            for second in 0..self.seconds {
                let seen = market.second();
                names.push(format!("session-{:0digits$}", session + 1));
                seconds.push(second as f64);
                values.iter_mut().zip(seen).for_each(|(column, value)| column.push(value));
                spoofing.push(f64::from(u8::from(market.is_spoofed)));
            }
        }
        let columns = [
            ("session".to_owned(), Cells::texts(names.iter().map(|name| Some(name.as_str())))),
            ("second".to_owned(), Cells::Number(seconds)),
        ];
        let channels =
            CHANNELS.iter().zip(values).map(|(name, values)| ((*name).to_owned(), Cells::Number(values)));
        let label = ("spoofing".to_owned(), Cells::Number(spoofing));
        Table::new(columns.into_iter().chain(channels).chain([label]))
    }
}

/// A side of the book: what rests at each level by honest traders, and by a spoofer.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    honest: [f64; LEVELS],
    fake: [f64; LEVELS],
}

impl Side {
    fn depth(&self) -> f64 {
        self.honest.iter().chain(&self.fake).sum()
    }

    /// Takes a quantity from the best level; says whether it is eaten up.
    fn take(&mut self, quantity: f64) -> bool {
        self.honest[0] -= quantity;
        self.honest[0] <= 0.0
    }

    /// The best level is gone: those behind move up, and a new one opens at the end.
    fn shift(&mut self, opened: f64) {
        self.honest.rotate_left(1);
        self.honest[LEVELS - 1] = opened;
        self.honest[0] = self.honest[0].max(0.5);
        self.fake.rotate_left(1);
        // What would be at the best price is withdrawn rather than filled.
        self.fake[LEVELS - 1] = 0.0;
    }

    /// The price moved away: a new best level opens.
    fn unshift(&mut self, opened: f64) {
        self.honest.rotate_right(1);
        self.honest[0] = opened;
        self.fake.rotate_right(1);
        self.fake[0] = 0.0;
    }
}

/// An order of a spoofer: seconds until it is placed and until it is cancelled, its level and quantity.
#[derive(Debug, Clone, Copy)]
struct Fake {
    placed_in: usize,
    cancelled_in: usize,
    level: usize,
    quantity: f64,
}

/// An episode of spoofing.
#[derive(Debug, Clone, Default)]
struct Episode {
    /// Whether the fake orders are bids.
    is_bid: bool,
    orders: Vec<Fake>,
    age: usize,
}

/// A market over a session.
struct Market {
    random: ChaCha8Rng,
    sides: [Side; 2],
    activity: f64,
    spoofer: Option<Difficulty>,
    episode: Option<Episode>,
    /// Seconds to the next episode.
    wait: usize,
    is_spoofed: bool,
}

impl Market {
    fn new(seed: Seed, session: usize, spoofer: Option<Difficulty>) -> Self {
        let random = seed.stream(&format!("order flow session {session}"));
        let sides = [Side { honest: [USUAL; LEVELS], ..Side::default() }; 2];
        // Nobody spoofs while the book takes its form.
        Self { random, sides, activity: 0.0, spoofer, episode: None, wait: usize::MAX, is_spoofed: false }
    }

    /// From here on there may be a spoofer.
    fn begin(&mut self) {
        self.wait = self.pause();
    }

    fn pause(&mut self) -> usize {
        let spread = uniform(&mut self.random);
        (60.0 + 180.0 * spread) as usize
    }

    fn size(&mut self) -> f64 {
        (SPREAD * standard_normal(&mut self.random)).exp()
    }

    /// How often something happens that is expected so often (Knuth's product of uniforms; rates here are small).
    fn count(&mut self, rate: f64) -> usize {
        let (limit, mut product, mut n) = ((-rate.min(50.0)).exp(), uniform(&mut self.random), 0);
        while product > limit {
            product *= uniform(&mut self.random);
            n += 1;
        }
        n
    }

    fn between(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * uniform(&mut self.random)
    }

    fn imbalance(&self) -> f64 {
        let [bids, asks] = [self.sides[0].depth(), self.sides[1].depth()];
        (bids - asks) / (bids + asks).max(1e-9)
    }

    /// One second; gives what is seen of it.
    fn second(&mut self) -> [f64; CHANNELS.len()] {
        self.activity = MEMORY * self.activity + SHOCK * standard_normal(&mut self.random);
        let activity = self.activity.exp();
        let (mut placed, mut cancelled, mut largest) = ([0.0; 2], [0.0; 2], 0.0f64);
        for side in 0..2 {
            for level in 0..LEVELS {
                for _ in 0..self.count(activity * PLACED * (-(level as f64) / 2.0).exp()) {
                    let size = self.size();
                    self.sides[side].honest[level] += size;
                    placed[side] += size;
                    largest = largest.max(size);
                }
                let resting = self.sides[side].honest[level].max(0.0);
                let gone: f64 = (0..self.count(activity * WITHDRAWN * resting)).map(|_| self.size()).sum();
                let gone = gone.min(resting);
                self.sides[side].honest[level] -= gone;
                cancelled[side] += gone;
            }
            if uniform(&mut self.random) < HONEST {
                let (level, share) = (self.between([0.0, LEVELS as f64]) as usize, self.between(HONEST_SIZE));
                self.sides[side].honest[level.min(LEVELS - 1)] += share * USUAL;
                placed[side] += share * USUAL;
                largest = largest.max(share * USUAL);
            }
            if uniform(&mut self.random) < WITHDRAWALS {
                let (level, share) = (self.between([0.0, LEVELS as f64]) as usize, self.between([0.3, 0.8]));
                let resting = &mut self.sides[side].honest[level.min(LEVELS - 1)];
                let gone = resting.max(0.0) * share;
                *resting -= gone;
                cancelled[side] += gone;
            }
        }
        let against = self.spoof(&mut placed, &mut cancelled, &mut largest);
        let (lean, mut traded, mut ticks) = (LEAN * self.imbalance(), [0.0; 2], 0.0);
        for (buys, sign) in [(0, 1.0), (1, -1.0)] {
            let side = 1 - buys;
            let mut quantity = 0.0;
            for _ in 0..self.count(activity * TRADED * (sign * lean).exp()) {
                quantity += self.size();
            }
            quantity += against[buys];
            traded[buys] = quantity;
            if self.sides[side].take(quantity) {
                let (far, near) = (self.size() * USUAL / 2.0, self.size() * USUAL / 3.0);
                self.sides[side].shift(far);
                self.sides[buys].unshift(near);
                ticks += sign;
            }
        }
        let log = |value: f64| value.max(0.0).ln_1p();
        let [bids, asks] = [self.sides[0].depth(), self.sides[1].depth()];
        [
            self.imbalance(),
            bids.max(1.0).ln(),
            asks.max(1.0).ln(),
            log(placed[0]),
            log(placed[1]),
            log(cancelled[0]),
            log(cancelled[1]),
            log(traded[0]),
            log(traded[1]),
            ticks,
            log(largest),
        ]
    }

    /// What a spoofer does in this second; gives what he buys and sells at the market.
    fn spoof(&mut self, placed: &mut [f64; 2], cancelled: &mut [f64; 2], largest: &mut f64) -> [f64; 2] {
        let Some(difficulty) = self.spoofer else { return [0.0; 2] };
        if self.episode.is_none() {
            self.is_spoofed = false;
            if self.wait > 0 {
                self.wait -= 1;
                return [0.0; 2];
            }
            self.episode = Some(self.plan(difficulty));
        }
        let Some(mut episode) = self.episode.take() else { return [0.0; 2] };
        let side = usize::from(!episode.is_bid);
        let (mut resting, mut later) = (0.0, false);
        for order in &episode.orders {
            if order.placed_in == episode.age {
                self.sides[side].fake[order.level] += order.quantity;
                placed[side] += order.quantity;
                *largest = largest.max(order.quantity);
            }
            if order.cancelled_in == episode.age {
                // The price may have moved, and what rests with it.
                let of = &mut self.sides[side].fake;
                let mut left = order.quantity;
                for level in (0..LEVELS).rev() {
                    let gone = of[level].min(left);
                    of[level] -= gone;
                    left -= gone;
                }
                cancelled[side] += order.quantity - left;
            }
            later |= order.cancelled_in > episode.age;
        }
        resting += self.sides[side].fake.iter().sum::<f64>();
        self.is_spoofed = true;
        // With bids that are not meant he sells to those who are drawn to buy, and the other way round.
        let mut against = [0.0; 2];
        if resting > 0.0 && episode.age > 2 {
            against[1 - side] += self.size();
        }
        episode.age += 1;
        if later {
            self.episode = Some(episode);
        } else {
            self.sides[side].fake = [0.0; LEVELS];
            self.wait = self.pause();
        }
        against
    }

    fn plan(&mut self, difficulty: Difficulty) -> Episode {
        let (levels, size, held, apart) = match difficulty {
            Difficulty::Easy => (1, [10.0, 14.0], [6.0, 14.0], 0),
            Difficulty::Medium => (2, [6.0, 8.0], [10.0, 20.0], 1),
            Difficulty::Hard => (3, [3.0, 4.5], [14.0, 26.0], 3),
        };
        let is_bid = uniform(&mut self.random) < 0.5;
        let (total, held) = (self.between(size) * USUAL, self.between(held) as usize);
        let orders = (0..levels).map(|i| Fake {
            placed_in: i * apart,
            cancelled_in: held + i * apart,
            level: (1 + i).min(LEVELS - 1),
            quantity: total / levels as f64,
        });
        Episode { is_bid, orders: orders.collect(), age: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column<'a>(table: &'a Table, name: &str) -> &'a [f64] {
        match &table.column(name).unwrap().cells {
            Cells::Number(values) => values,
            Cells::Text { .. } => panic!("{name} is text"),
        }
    }

    #[test]
    fn sessions_are_drawn_each_for_itself_and_the_first_are_honest() {
        let flow = OrderFlow { sessions: 8, seconds: 600, ..OrderFlow::default() };
        let table = flow.draw(Seed(3)).unwrap();
        assert_eq!((table.n_rows, table.columns.len()), (8 * 600, 14));
        assert_eq!(table, flow.draw(Seed(3)).unwrap());
        assert_ne!(table, flow.draw(Seed(4)).unwrap());
        let spoofing = column(&table, "spoofing");
        assert!(spoofing[..4 * 600].iter().all(|flag| *flag == 0.0));
        for session in spoofing[4 * 600..].chunks(600) {
            let share = session.iter().sum::<f64>() / 600.0;
            assert!((0.02..0.2).contains(&share), "{share}");
        }
        // A session is the same among more of them.
        let more = OrderFlow { sessions: 9, ..flow }.draw(Seed(3)).unwrap();
        assert_eq!(column(&more, "imbalance")[..600], column(&table, "imbalance")[..600]);
        assert!(table.columns[2..].iter().all(|of| column(&table, &of.name).iter().all(|v| v.is_finite())));
    }

    #[test]
    fn the_book_keeps_its_form_and_trades_lean_to_the_heavier_side() {
        let flow = OrderFlow { sessions: 4, seconds: 5000, spoofed: 0.0, ..OrderFlow::default() };
        let table = flow.draw(Seed(1)).unwrap();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let depth = mean(column(&table, "bid_depth")).exp();
        assert!((20.0..120.0).contains(&depth), "{depth}");
        assert!(mean(column(&table, "imbalance")).abs() < 0.05 && mean(column(&table, "ticks")).abs() < 0.05);
        let (imbalance, bought, sold) =
            (column(&table, "imbalance"), column(&table, "bought"), column(&table, "sold"));
        let after = |heavy: bool| {
            let is = |i: &usize| if heavy { imbalance[*i - 1] > 0.2 } else { imbalance[*i - 1] < -0.2 };
            let differences: Vec<f64> =
                (1..imbalance.len()).filter(is).map(|i| bought[i] - sold[i]).collect();
            mean(&differences)
        };
        assert!(after(true) > 0.05 && after(false) < -0.05, "{} {}", after(true), after(false));
    }

    #[test]
    fn what_cannot_be_drawn_is_named() {
        let flow = |change: fn(&mut OrderFlow)| {
            let mut flow = OrderFlow::default();
            change(&mut flow);
            flow.out_of_range().map(|(field, ..)| field)
        };
        assert_eq!(flow(|_| ()), None);
        assert_eq!(flow(|f| f.sessions = 1), Some("sessions"));
        assert_eq!(flow(|f| f.seconds = 3), Some("seconds"));
        assert_eq!(flow(|f| f.spoofed = f64::NAN), Some("spoofed"));
    }
}
