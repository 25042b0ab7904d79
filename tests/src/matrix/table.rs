//! Parses the table.

use tidings_core::model::{Policy, PolicyName, PolicyValue};

use super::ACTORS;

/// One cell: a letter that is explained at the top of the table.
pub type Verdict = char;

/// A line of the table.
#[derive(Debug, Clone)]
pub struct Line {
    /// The section it is in.
    pub section: String,
    /// The action, or the permission.
    pub action: String,
    /// The policy under which the line applies; none for all others.
    pub policy: Option<Policy>,
    /// The verdicts by actor, in the order of `ACTORS`.
    pub verdicts: Vec<Verdict>,
}

/// The table.
#[derive(Debug)]
pub struct Table(Vec<Line>);

impl Table {
    /// Reads `table.txt`.
    ///
    /// # Panics
    /// When a line is invalid.
    pub fn read() -> Self {
        let (mut section, mut action, mut lines) = (String::new(), String::new(), Vec::new());
        for line in include_str!("table.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let (name, cells) = words.split_at(words.len() - ACTORS.len());
            let name = name.join(" ");
            if section.is_empty() {
                assert_eq!(cells, ACTORS, "the columns");
                continue;
            }
            let policy = line.starts_with("  ").then(|| policy(&name));
            if policy.is_none() {
                action = name;
            }
            let verdicts = cells.iter().map(|cell| cell.chars().next().expect("a cell is not empty")).collect();
            lines.push(Line { section: section.clone(), action: action.clone(), policy, verdicts });
        }
        Self(lines)
    }

    /// Every line.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.0.iter()
    }

    /// The lines of a section that apply under a policy.
    pub fn under(&self, section: &str, policy: Option<Policy>) -> Vec<&Line> {
        let lines = || self.0.iter().filter(|line| line.section == section);
        let special =
            |action: &str| lines().find(|line| line.action == action && line.policy.is_some() && line.policy == policy);
        lines().filter(|line| line.policy.is_none()).map(|line| special(&line.action).unwrap_or(line)).collect()
    }
}

/// Parses `name=value`.
fn policy(text: &str) -> Policy {
    let (name, value) = text.split_once('=').expect("a policy has a value");
    let name = PolicyName::parse(name).expect("a policy there is");
    let value = match value {
        "true" => PolicyValue::Switch(true),
        "false" => PolicyValue::Switch(false),
        value => value.parse().map_or(PolicyValue::Name(value), PolicyValue::Number),
    };
    Policy::new(name, value).expect("a value of the policy")
}
