//! Metrics by OTLP.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

use crate::signal::Post;

/// Metrics by OTLP over HTTP/protobuf. It is called by the SDK's periodic reader, on a thread of its own.
#[derive(Debug)]
pub(super) struct Otlp {
    post: Post,
    temporality: Temporality,
}

impl Otlp {
    pub(super) fn new(post: Post, temporality: Temporality) -> Self {
        Self { post, temporality }
    }
}

impl PushMetricExporter for Otlp {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.post.send(&ExportMetricsServiceRequest::from(metrics))
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}
