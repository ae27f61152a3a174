//! Log records by OTLP, with the correlation id.

use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::LogRecord as _;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, LogProcessor, SdkLogRecord};

use crate::signal::Post;

/// Log records by OTLP over HTTP/protobuf. It is called by the SDK's batch processor, on a thread of its own.
#[derive(Debug)]
pub(super) struct Otlp {
    post: Post,
    resource: ResourceAttributesWithSchema,
}

impl Otlp {
    pub(super) fn new(post: Post) -> Self {
        Self { post, resource: ResourceAttributesWithSchema::default() }
    }
}

impl LogExporter for Otlp {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let resource_logs = group_logs_by_resource_and_scope(&batch, &self.resource);
        self.post.send(&ExportLogsServiceRequest { resource_logs })
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

/// Puts the correlation id on each record, where it is emitted.
#[derive(Debug)]
pub(super) struct Correlating;

impl LogProcessor for Correlating {
    fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
        if let Some(id) = super::correlation_id() {
            record.add_attribute("correlation.id", id.to_string());
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
