//! Setting up: placeholder of the telemetry room.
use std::sync::Arc;

use crate::recorder::{self, Pipeline};

/// The installed pipeline.
#[derive(Debug)]
pub struct Telemetry {
    pipeline: Arc<Pipeline>,
}

impl Telemetry {
    #[allow(dead_code)]
    pub(crate) fn install(pipeline: Pipeline) -> Self {
        let pipeline = Arc::new(pipeline);
        recorder::install(Arc::clone(&pipeline));
        Self { pipeline }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        recorder::uninstall(&self.pipeline);
        if let Some(provider) = self.pipeline.provider() {
            let _ = provider.shutdown();
        }
    }
}
