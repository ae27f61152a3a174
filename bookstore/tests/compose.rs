//! The stack's files, read as text: what they say must be what the program and its guide say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bookstore::config::{Config, Settings};
use clap::{CommandFactory, Parser as _};

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines beneath `key:`, which is indented by `indent`; comments and empty lines are left out.
fn block<'a>(text: &'a str, indent: usize, key: &str) -> Vec<&'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let head = format!("{}{key}:", " ".repeat(indent));
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    assert!(lines.any(|line| line == head || line.starts_with(&format!("{head} "))), "no {key} at depth {indent}");
    lines.take_while(|line| depth(line) > indent).collect()
}

fn services() -> BTreeMap<String, String> {
    let compose = read("docker-compose.yaml");
    let services = block(&compose, 0, "services").join("\n");
    let names = services.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.trim().trim_end_matches(':').to_owned())
        .map(|name| (name.clone(), block(&services, 2, &name).join("\n")))
        .collect()
}

fn environment(service: &str) -> BTreeMap<String, String> {
    let pairs = block(service, 4, "environment");
    let pair = |line: &&str| {
        line.trim().split_once(": ").map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
    };
    pairs.iter().map(|line| pair(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

#[test]
fn the_stack_is_the_bookstore_postgresql_redis_and_jaeger() {
    let services = services();
    let names: Vec<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(names, ["api", "jaeger", "postgres", "redis"]);
    assert!(services["jaeger"].contains("image: jaegertracing/jaeger:2.20.0"));
    assert!(services["postgres"].contains("image: postgres:"));
    assert!(services["redis"].contains("image: redis:"));
    assert!(services["api"].contains("build: ."));
    for (name, ports) in [("api", vec!["8000:8000"]), ("jaeger", vec!["16686:16686", "4318:4318"])] {
        let given = block(&services[name], 4, "ports");
        let given: Vec<&str> =
            given.iter().map(|line| line.split('#').next().unwrap_or("").trim_matches([' ', '-', '"'])).collect();
        assert_eq!(given, ports, "{name}");
    }
    for name in ["postgres", "redis"] {
        assert!(!services[name].contains("ports:"), "{name} is for the other containers alone");
    }
}

#[test]
fn everything_is_on_one_network_and_has_a_health_check_that_others_wait_for() {
    let compose = read("docker-compose.yaml");
    assert_eq!(block(&compose, 0, "networks"), ["  bookstore-network:", "    driver: bridge"]);
    let services = services();
    for (name, service) in &services {
        assert_eq!(block(service, 4, "networks"), ["      - bookstore-network"], "{name}");
        let check = block(service, 4, "healthcheck").join("\n");
        for key in ["test:", "interval:", "timeout:", "retries:"] {
            assert!(check.contains(key), "{name}: {key}");
        }
    }
    let waits = block(&services["api"], 4, "depends_on").join("\n");
    for name in ["postgres", "redis", "jaeger"] {
        assert_eq!(block(&waits, 6, name), ["        condition: service_healthy"], "{name}");
    }
}

#[test]
fn the_bookstore_is_told_only_what_it_reads() {
    let command = Settings::command();
    let mut read: BTreeSet<String> =
        command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)).collect();
    assert_eq!(read.len(), 5, "{read:?}");
    read.extend(
        ["SERVICE_NAME", "RESOURCE_ATTRIBUTES", "EXPORTER_OTLP_ENDPOINT", "EXPORTER_OTLP_PROTOCOL", "TRACES_SAMPLER"]
            .into_iter()
            .chain(["TRACES_SAMPLER_ARG", "METRICS_EXPORTER", "LOGS_EXPORTER", "SEMCONV_EXCEPTION_SIGNAL_OPT_IN"])
            .map(|name| format!("OTEL_{name}")),
    );
    let given = environment(&services()["api"]);
    for name in given.keys() {
        assert!(read.contains(name), "{name} is read by nobody");
    }
    assert_eq!(given["OTEL_METRICS_EXPORTER"], "none");
    assert_eq!(given["OTEL_LOGS_EXPORTER"], "none");
    assert_eq!(given["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://jaeger:4318");
    assert_eq!(given["OTEL_TRACES_SAMPLER"], "parentbased_traceidratio");
    assert!(given["DATABASE_URL"].starts_with("postgres://") && given["DATABASE_URL"].contains("@postgres:5432/"));
    assert_eq!(given["REDIS_URL"], "redis://redis:6379/0");
    assert_eq!(given["BIND"], "0.0.0.0:8000");
}

#[test]
fn secrets_come_from_the_environment_file_and_are_required() {
    let compose = read("docker-compose.yaml");
    let example = read(".env.example");
    let example: BTreeMap<&str, &str> =
        example.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
    for secret in ["SECRET_KEY", "POSTGRES_PASSWORD"] {
        assert!(compose.contains(&format!("${{{secret}:?")), "{secret} has a default");
        assert!(example.contains_key(secret), "{secret} is not in .env.example");
    }
    // `$$NAME` is the container's own.
    for name in compose.split("${").skip(1).map(|rest| rest.split([':', '}']).next().unwrap_or("")) {
        assert!(example.contains_key(name) || name == "ACCESS_TOKEN_EXPIRE_MINUTES", "{name} is not in .env.example");
    }
    // What everybody can read there signs no tokens: the flow that the pages name puts random ones in its place.
    let settings = Settings::try_parse_from(["bookstore", "--secret-key", example["SECRET_KEY"]]).expect("settings");
    let refused = Config::new(settings).expect_err("the placeholder is no secret");
    assert!(refused.to_string().contains("SECRET_KEY") && refused.to_string().contains("placeholder"), "{refused}");
    for page in ["README.md", "docs/guide.md", "docker-compose.yaml"] {
        let page = read(page);
        assert!(page.contains("s/change-me-key/$(openssl rand -hex 32)/"), "{page}");
        assert!(!page.contains("cp .env.example"), "{page}");
    }
    assert_eq!((example["SECRET_KEY"], example["POSTGRES_PASSWORD"]), ("change-me-key", "change-me-password"));
    assert!(read(".gitignore").lines().any(|line| line == ".env"));
    assert!(read(".dockerignore").lines().any(|line| line == ".env"));
}

#[test]
fn the_image_is_built_in_stages_and_runs_without_privileges() {
    let dockerfile = read("Dockerfile");
    let stages: Vec<&str> = dockerfile.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert!(stages.len() == 2 && stages[0].ends_with(" AS build"), "{stages:?}");
    let (_, last) = dockerfile.rsplit_once("\nFROM ").expect("a last stage");
    assert!(last.contains("\nUSER 10001\n"), "it does not run as root");
    assert!(last.contains("COPY --from=build"));
    let rust = read("Cargo.toml");
    let version =
        rust.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("a version").trim_matches('"');
    assert!(stages[0].starts_with(&format!("FROM rust:{version}")), "{}", stages[0]);
    assert!(dockerfile.contains("--locked") && dockerfile.contains("EXPOSE 8000"));
}
