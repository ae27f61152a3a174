//! What a session sent by OTLP, as items that can be checked.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

use super::Item;
use crate::receiver::Received;

/// What was received, by signal; of each the name of its scope.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) resources: Vec<Item>,
    pub(super) spans: Vec<(String, Span)>,
    pub(super) metrics: Vec<(String, Metric)>,
    pub(super) records: Vec<(String, LogRecord)>,
}

impl Session {
    pub(super) fn new(received: &[Received]) -> Self {
        let mut session = Self::default();
        for request in received.iter().filter(|request| request.status == 200) {
            session.add(&request.path, &request.body).unwrap_or_else(|error| panic!("{}: {error}", request.path));
        }
        session
    }

    fn add(&mut self, path: &str, body: &[u8]) -> Result<(), prost::DecodeError> {
        match path {
            "/v1/traces" => {
                for group in ExportTraceServiceRequest::decode(body)?.resource_spans {
                    self.resource(group.resource);
                    for scoped in group.scope_spans {
                        let name = scoped.scope.map(|scope| scope.name).unwrap_or_default();
                        self.spans.extend(scoped.spans.into_iter().map(|span| (name.clone(), span)));
                    }
                }
            }
            "/v1/metrics" => {
                for group in ExportMetricsServiceRequest::decode(body)?.resource_metrics {
                    self.resource(group.resource);
                    for scoped in group.scope_metrics {
                        let name = scoped.scope.map(|scope| scope.name).unwrap_or_default();
                        self.metrics.extend(scoped.metrics.into_iter().map(|metric| (name.clone(), metric)));
                    }
                }
            }
            _ => {
                for group in ExportLogsServiceRequest::decode(body)?.resource_logs {
                    self.resource(group.resource);
                    for scoped in group.scope_logs {
                        let name = scoped.scope.map(|scope| scope.name).unwrap_or_default();
                        self.records.extend(scoped.log_records.into_iter().map(|record| (name.clone(), record)));
                    }
                }
            }
        }
        Ok(())
    }

    fn resource(&mut self, resource: Option<Resource>) {
        let attributes = resource.map(|resource| resource.attributes).unwrap_or_default();
        self.resources.push(item("the resource".to_owned(), "resource", attributes));
    }
}

pub(super) fn item(what: String, name: &str, attributes: Vec<KeyValue>) -> Item {
    let value = |pair: KeyValue| Some((pair.key, pair.value?.value?));
    let attributes = attributes.into_iter().filter_map(value).collect();
    Item { what, name: name.to_owned(), failed: false, attributes }
}

pub(super) fn span(span: &Span) -> Item {
    let mut item = item(format!("span {:?}", span.name), &span.name, span.attributes.clone());
    item.failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    item
}
