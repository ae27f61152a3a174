//! Metrics of pools of connections to a database.
//!
//! <https://opentelemetry.io/docs/specs/semconv/database/database-metrics/#connection-pools>

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Histogram, Meter};

use super::attribute_set::AttributeSet;
use super::database::durations;
use super::instruments;
use super::remembered::{Collections, Remembered};
use super::series::Series;

#[derive(Debug)]
pub(super) struct Pools {
    wait: Histogram<f64>,
    create: Histogram<f64>,
    used: Histogram<f64>,
    remembered: Remembered<AttributeSet, OfPool>,
}

/// What measures one pool.
#[derive(Debug)]
struct OfPool {
    wait: Series<Histogram<f64>>,
    create: Series<Histogram<f64>>,
    used: Series<Histogram<f64>>,
}

impl Pools {
    pub(super) fn new(meter: &Meter, collections: &Collections) -> Self {
        crate::database::pool::instruments(meter);
        let time = |name, description| durations(meter, name, description);
        Self {
            wait: time(
                "db.client.connection.wait_time",
                "The time it took to obtain an open connection from the pool.",
            ),
            create: time("db.client.connection.create_time", "The time it took to create a new connection."),
            used: time(
                "db.client.connection.use_time",
                "The time between borrowing a connection and returning it to the pool.",
            ),
            remembered: collections.remembered(),
        }
    }

    fn get(&self, pool: &AttributeSet) -> Arc<OfPool> {
        self.remembered.get(pool, || {
            let attributes = pool.attributes();
            OfPool {
                wait: Series::new(&self.wait, attributes),
                create: Series::new(&self.create, attributes),
                used: Series::new(&self.used, attributes),
            }
        })
    }
}

/// A connection was obtained from the pool that has these attributes.
pub(crate) fn connection_waited(time: Duration, pool: &AttributeSet) {
    if let Some(instruments) = instruments::installed() {
        instruments.pools.get(pool).wait.measure(time.as_secs_f64());
    }
}

/// A connection was made.
pub(crate) fn connection_created(time: Duration, pool: &AttributeSet) {
    if let Some(instruments) = instruments::installed() {
        instruments.pools.get(pool).create.measure(time.as_secs_f64());
    }
}

/// A connection was given back to its pool.
pub(crate) fn connection_used(time: Duration, pool: &AttributeSet) {
    if let Some(instruments) = instruments::installed() {
        instruments.pools.get(pool).used.measure(time.as_secs_f64());
    }
}
