//! Client spans of Redis commands: `REDIS_URL=redis://.. cargo run -p traced --features redis --example redis`.

use traced::redis::redis::{self, RedisResult};
use traced::redis::{AsyncCommands, Connection, Manager, bb8, get};
use traced::{Telemetry, traced};

#[traced]
async fn remember(cache: &mut Connection) -> RedisResult<()> {
    let _: () = cache.set_ex("book:1", "Dune", 60).await?;
    let _: Option<String> = cache.get("book:1").await?;
    // One span, `MULTI`, with the commands' names and the size of the batch.
    let _: (i64, i64) = redis::pipe().atomic().incr("visits", 1).del("book:1").query_async(cache).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder().service_name("redis-example").console_when_unconfigured().install()?;
    let manager = Manager::new(std::env::var("REDIS_URL")?)?.record_keys();
    let pool = bb8::Pool::builder().build(manager).await?;
    remember(&mut *get(&pool).await?).await?;
    telemetry.shutdown()?;
    Ok(())
}
