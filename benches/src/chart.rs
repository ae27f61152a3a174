//! The table as a bar chart, for the README.

use std::fmt::Write;

use crate::measure::Found;

const WIDTH: f64 = 760.0;
const LABEL: f64 = 120.0;
const BAR: f64 = 20.0;

/// Caller and process CPU of every peer, sampled and async.
pub(crate) fn svg(peers: &[&str], of: &dyn Fn(&str, &str) -> Option<Found>) -> String {
    let mut out = String::new();
    let mut y = 24.0;
    for (scenario, title) in [
        ("sampled", "CPU per span, nanoseconds (sampled, two attributes, exported over OTLP/HTTP)"),
        ("async", "the same, async, two yields"),
    ] {
        let found: Vec<_> = peers.iter().filter_map(|peer| Some((*peer, of(peer, scenario)?))).collect();
        let longest = found.iter().map(|(_, found)| found.process).fold(1.0, f64::max);
        let scale = (WIDTH - LABEL - 170.0) / longest;
        let _ = write!(out, r#"<text x="0" y="{y}" class="t">{title}</text>"#);
        y += 14.0;
        for (peer, found) in found {
            let (caller, process) = (found.caller * scale, found.process * scale);
            let middle = y + BAR * 0.72;
            let end = LABEL + process + 6.0;
            let name = if peer == "traced" { "n" } else { "p" };
            let _ = write!(out, r#"<text x="{x}" y="{middle}" class="{name}">{peer}</text>"#, x = LABEL - 8.0);
            let _ = write!(out, r#"<rect x="{LABEL}" y="{y}" width="{process:.1}" height="{BAR}" class="w"/>"#);
            let _ = write!(out, r#"<rect x="{LABEL}" y="{y}" width="{caller:.1}" height="{BAR}" class="c"/>"#);
            let lost = if found.arrived < 0.995 {
                format!(", {:.0} % lost", 100.0 * (1.0 - found.arrived))
            } else {
                String::new()
            };
            let _ = write!(
                out,
                r#"<text x="{end:.1}" y="{middle}">{:.0} of {:.0}{lost}</text>"#,
                found.caller, found.process
            );
            y += BAR + 6.0;
        }
        y += 26.0;
    }
    let _ = write!(out, r#"<rect x="0" y="{r}" width="12" height="12" class="c"/>"#, r = y - 16.0);
    let _ = write!(out, r#"<text x="18" y="{t}">the calling thread</text>"#, t = y - 6.0);
    let _ = write!(out, r#"<rect x="160" y="{r}" width="12" height="12" class="w"/>"#, r = y - 16.0);
    let _ = write!(out, r#"<text x="178" y="{t}">the rest of the process, export included</text>"#, t = y - 6.0);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="13"><style>text{{fill:#444}}.t{{font-weight:bold}}.n,.p{{text-anchor:end}}.n{{font-weight:bold}}.c{{fill:#2563eb}}.w{{fill:#bfd3fb}}@media(prefers-color-scheme:dark){{text{{fill:#ccc}}.w{{fill:#33508f}}}}</style>{out}</svg>
"#
    )
}
