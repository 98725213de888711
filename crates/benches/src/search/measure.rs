//! Asking every query in every way, by turns.

use super::data::Data;
use super::{Measured, store};
use crate::latency::Latency;
use anyhow::{Context, Result};
use memoreel_db::Db;
use memoreel_kernel::{Actor, Caller, EmbeddingModelId, OrganizationId, Role, SessionId, UserId};
use memoreel_search::{CHOSEN_MIN, PassageIndex};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use uuid::Uuid;

const RUNS: usize = 3;
/// Queries before each run that are not counted; they bring what is read into memory.
const WARM_UP: usize = 20;
/// A way that is so slow is not asked all queries.
const RUN_TIME_MAX: Duration = Duration::from_secs(8);
const QUERIES_MIN: usize = 5;
const WARM_UP_TIME_MAX: Duration = Duration::from_secs(2);
/// Of ten, what the product is to find, and how broadly an index may be walked to find as much (`hnsw.ef_search`; 40 is the
/// default, more than 1,000 is not taken).
const RECALL_ENOUGH: f64 = 0.99;
const BREADTHS: [u32; 6] = [40, 100, 200, 400, 700, 1_000];

/// The ways to search.
pub struct Ways<'a> {
    pub db: &'a Db,
    pub nearest: &'a PassageIndex,
    pub plain_iterative: &'a PgPool,
    /// The same, of which the breadth is chosen for each organization. It has one connection.
    pub plain_equal: &'a PgPool,
    pub plain: &'a PgPool,
}

#[derive(Clone, Copy)]
enum Way {
    Product,
    PlainIterative,
    PlainEqual,
    Plain,
}

/// What one way gave in all runs.
#[derive(Default)]
struct Record {
    /// Of each run.
    latencies: Vec<Latency>,
    rows: Vec<usize>,
    right: usize,
    wanted: usize,
}

impl Ways<'_> {
    /// Asks once, which makes the product read the organization's vectors, and waits until it has done so. Returns how long
    /// that took, and the memory they take.
    pub async fn read_vectors(&self, data: &Data, organization: usize) -> Result<(Duration, usize)> {
        let (caller, model_id) =
            (caller(store::organization_id(organization)), EmbeddingModelId::from(data.model_id));
        let query = data.queries.first().context("there are no queries")?;
        let begun = Instant::now();
        self.nearest.choose(self.db, &caller, model_id, &query.vector, CHOSEN_MIN).await;
        loop {
            if let Some(bytes) = self.nearest.held_bytes(caller.organization_id, model_id) {
                return Ok((begun.elapsed(), bytes));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The least of [`BREADTHS`] with which the plain schema finds enough in an organization, or the last. It is set from then
    /// on.
    pub async fn set_equal_breadth(&self, data: &Data, organization: usize, k: usize) -> Result<u32> {
        let mut chosen = 0;
        for breadth in BREADTHS {
            chosen = breadth;
            store::set_breadth(self.plain_equal, breadth).await?;
            let mut record = Record::default();
            self.run(Way::PlainEqual, data, organization, k, &mut record).await?;
            if record.measured().recall_at_10 >= RECALL_ENOUGH {
                break;
            }
        }
        Ok(chosen)
    }

    /// Measures an organization in all ways.
    pub async fn measure(&self, data: &Data, organization: usize, k: usize) -> Result<[Measured; 4]> {
        let ways = [Way::Product, Way::PlainIterative, Way::PlainEqual, Way::Plain];
        let mut records = [(); 4].map(|()| Record::default());
        for run in 0..RUNS {
            for turn in 0..ways.len() {
                let index = (run + turn) % ways.len();
                self.run(ways[index], data, organization, k, &mut records[index]).await?;
            }
        }
        Ok(records.map(Record::measured))
    }

    async fn run(
        &self,
        way: Way,
        data: &Data,
        organization: usize,
        k: usize,
        record: &mut Record,
    ) -> Result<()> {
        let begun = Instant::now();
        for query in data.queries.iter().take(WARM_UP) {
            if begun.elapsed() < WARM_UP_TIME_MAX {
                self.ask(way, data.model_id, organization, query, k).await?;
            }
        }
        let begun = Instant::now();
        let mut taken = Vec::new();
        for (query, nearest) in data.queries.iter().zip(&data.nearest[organization]) {
            if taken.len() >= QUERIES_MIN && begun.elapsed() > RUN_TIME_MAX {
                break;
            }
            let asked = Instant::now();
            let found = self.ask(way, data.model_id, organization, query, k).await?;
            taken.push(asked.elapsed());
            record.rows.push(found.len());
            record.right += found.iter().filter(|id| nearest.contains(&store::chunk_number(**id))).count();
            record.wanted += nearest.len();
        }
        record.latencies.push(Latency::of(taken));
        Ok(())
    }

    async fn ask(
        &self,
        way: Way,
        model_id: Uuid,
        organization: usize,
        query: &super::data::Query,
        k: usize,
    ) -> Result<Vec<Uuid>> {
        let organization_id = store::organization_id(organization);
        let vector = query.vector.as_slice();
        match way {
            Way::Product => {
                let (caller, model_id) = (caller(organization_id), EmbeddingModelId::from(model_id));
                let choosing = self.nearest.choose(self.db, &caller, model_id, vector, CHOSEN_MIN);
                let (tx, nearby) = tokio::join!(self.db.tenant(&caller), choosing);
                store::search_product(&mut tx?, model_id, vector, nearby.as_ref(), k).await
            }
            Way::PlainIterative => {
                store::search_plain(self.plain_iterative, organization_id, vector, k).await
            }
            Way::PlainEqual => store::search_plain(self.plain_equal, organization_id, vector, k).await,
            Way::Plain => store::search_plain(self.plain, organization_id, vector, k).await,
        }
    }
}

/// A member of the organization.
fn caller(organization_id: Uuid) -> Caller {
    Caller {
        organization_id: OrganizationId::from(organization_id),
        user_id: Some(UserId::from(organization_id)),
        role: Some(Role::Member),
        actor: Actor::Session(SessionId::from(organization_id)),
    }
}

impl Record {
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    fn measured(self) -> Measured {
        let share = |part: usize, of: usize| if of == 0 { 0.0 } else { part as f64 / of as f64 };
        Measured {
            recall_at_10: share(self.right, self.wanted),
            rows_min: self.rows.iter().copied().min().unwrap_or_default(),
            rows_mean: share(self.rows.iter().sum(), self.rows.len()),
            queries: self.rows.len() / self.latencies.len().max(1),
            latency: Latency::median(&self.latencies),
        }
    }
}
