//! The conventions as the crate `opentelemetry-semantic-conventions` has them, to check the tables against.
//!
//! The crate is generated from the conventions; what it knows beyond names (stability, units, instruments, the levels of a
//! metric's attributes) stands in the documentation of its constants. So it is read as text.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use super::{Attribute, Instrument, Level, Metric, Stability, VERSION};

/// The conventions of one version.
#[derive(Debug)]
pub struct Registry {
    attributes: BTreeMap<String, Stability>,
    metrics: BTreeMap<String, Known>,
}

/// What is known of a metric.
#[derive(Debug)]
struct Known {
    instrument: String,
    unit: String,
    stability: Stability,
    /// Attributes by name, each with its level.
    attributes: BTreeMap<String, String>,
}

impl Registry {
    /// Reads the source of the crate, as cargo has it.
    ///
    /// # Panics
    ///
    /// If there is none, or it is of another version than the tables.
    pub fn read() -> Self {
        let source = source();
        let read = |name: &str| fs::read_to_string(source.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let version = format!("schemas/{VERSION}\"");
        assert!(read("lib.rs").contains(&version), "the crate is not of version {VERSION}, which the tables are of");
        let (mut attributes, mut ids) = (BTreeMap::new(), BTreeMap::new());
        for constant in constants(&read("attribute.rs")).filter(|constant| !constant.is_deprecated) {
            ids.insert(constant.id, constant.name.clone());
            attributes.insert(constant.name, constant.stability);
        }
        let metrics = constants(&read("metric.rs"))
            .filter(|constant| !constant.is_deprecated)
            .map(|constant| {
                let about = |key: &str| {
                    let line = constant
                        .about
                        .iter()
                        .find_map(|line| line.strip_prefix(&format!("| {key}: | `"))?.split('`').next());
                    line.unwrap_or_default().to_owned()
                };
                let levels = constant.about.iter().filter_map(|line| {
                    let (id, level) = line.strip_prefix("| [`crate::attribute::")?.split_once("`] | `")?;
                    Some((ids.get(id)?.clone(), level.split('`').next()?.to_owned()))
                });
                let attributes = levels.collect();
                let (instrument, unit) = (about("Instrument"), about("Unit"));
                (constant.name, Known { instrument, unit, stability: constant.stability, attributes })
            })
            .collect();
        Self { attributes, metrics }
    }

    /// What of the tables is not as the conventions have it.
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        for table in super::tables() {
            for attribute in table.attributes {
                differences.extend(
                    self.attribute(attribute).map(|what| format!("{} ({}): {what}", table.title, table.source)),
                );
            }
        }
        for metric in super::metrics() {
            differences.extend(self.metric(metric).into_iter().map(|what| format!("{}: {what}", metric.name)));
        }
        differences
    }

    fn attribute(&self, attribute: &Attribute) -> Option<String> {
        let Attribute { name, stability, .. } = attribute;
        match (stability, self.attributes.get(*name)) {
            (Stability::Own, None) => None,
            (Stability::Own, Some(_)) => Some(format!("{name} is of the conventions")),
            (_, None) => Some(format!("the conventions do not know {name}")),
            (said, Some(known)) => (said != known).then(|| format!("{name} is {known:?}, not {said:?}")),
        }
    }

    fn metric(&self, metric: &Metric) -> Vec<String> {
        let Metric { name, instrument, unit, stability, attributes, .. } = metric;
        let mut differences: Vec<String> = attributes.iter().filter_map(|one| self.attribute(one)).collect();
        let Some(known) = self.metrics.get(*name) else {
            if *stability != Stability::Own {
                differences.push("the conventions do not know it".to_owned());
            }
            return differences;
        };
        let of_kind = match instrument {
            Instrument::Histogram => "histogram",
            Instrument::Counter => "counter",
            Instrument::UpDownCounter => "updowncounter",
        };
        for (what, said, known) in [
            ("instrument", of_kind, &known.instrument),
            ("unit", *unit, &known.unit),
            ("stability", &format!("{stability:?}"), &format!("{:?}", known.stability)),
        ] {
            if said != known {
                differences.push(format!("its {what} is {known:?}, not {said:?}"));
            }
        }
        for attribute in *attributes {
            let level = known.attributes.get(attribute.name).map(String::as_str);
            let same = match (attribute.level, level) {
                (Level::Required, level) => level == Some("Required"),
                (Level::When(_), level) => level == Some("Conditionally_required"),
                (Level::Recommended, level) => {
                    level.is_some_and(|l| l == "Recommended" || l.contains("\"recommended\""))
                }
                (Level::OptIn, level) => level == Some("Opt_in"),
            };
            if !same {
                differences.push(format!("{} is {level:?}, not {:?}", attribute.name, attribute.level));
            }
        }
        for (name, level) in &known.attributes {
            let must = level == "Required" || level == "Conditionally_required";
            if must && !attributes.iter().any(|attribute| attribute.name == name) {
                differences.push(format!("{name} is {level}, and not in the table"));
            }
        }
        differences
    }
}

/// The directory that cargo unpacked the crate in.
fn source() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Without a platform it would ask for packages that no build needs.
    let version = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV").output();
    let version = String::from_utf8(version.expect("rustc runs").stdout).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc's platform");
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["metadata", "--format-version=1", "--locked", "--filter-platform", host]);
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "cargo metadata:\n{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo's metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "opentelemetry-semantic-conventions");
    let manifest = package.and_then(|package| package["manifest_path"].as_str()).expect("the crate is a dependency");
    PathBuf::from(manifest).with_file_name("src")
}

/// One constant, with the documentation above it.
struct Constant {
    id: String,
    name: String,
    stability: Stability,
    is_deprecated: bool,
    about: Vec<String>,
}

fn constants(source: &str) -> impl Iterator<Item = Constant> {
    source.split("\n\n").filter_map(|block| {
        let declaration = &block[block.find("pub const ")? + "pub const ".len()..];
        let (id, rest) = declaration.split_once(": &str =")?;
        let experimental = block.contains("#[cfg(feature = \"semconv_experimental\")]");
        Some(Constant {
            id: id.to_owned(),
            name: rest.split('"').nth(1)?.to_owned(),
            stability: if experimental { Stability::Development } else { Stability::Stable },
            is_deprecated: block.contains("#[deprecated"),
            about: block.lines().filter_map(|line| Some(line.strip_prefix("///")?.trim().to_owned())).collect(),
        })
    })
}
