//! Arms in containers: whether each item can be measured, and what its containers will find.

use super::{gpus, named};
use crate::artifact::PlanFile;
use crate::config::Bind;
use crate::domain::FailureClass;
use crate::host::environment::hugging_face_token;
use crate::runner::containers::{NoMapping, at_home, mapping, planned};
use crate::runner::preflight::{About, Look, Row, mend};
use crate::text::count;

/// Rows about them.
pub(super) fn rows(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let mut rows = measured(look, plan);
    rows.extend(mounts(look));
    rows.extend(tokens(look));
    rows
}

/// What the mapping says of the items.
fn measured(look: &Look<'_>, plan: Option<&PlanFile>) -> Vec<Row> {
    let mapping = match mapping(look.checkout, look.config) {
        Ok(mapping) => mapping,
        Err(error) => {
            let fix = match &error {
                NoMapping::Nowhere => "name another with arms.mapping".to_owned(),
                NoMapping::Unread(error) => mend(look, error.path(), "arms.mapping"),
            };
            return vec![Row::blocked(About::Arms, error.to_string(), fix)];
        }
    };
    let items = plan.map(|plan| plan.items.as_slice()).unwrap_or_default();
    let all = count(items.len(), "item");
    let (mut without, mut elsewhere, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let entry = mapping.entry(&item.human);
        match planned(&mapping, &item.human, look.config) {
            Ok(plan) => wanted.push(plan.gpus),
            Err(why) => without.push((&item.item_id, why)),
        }
        let parent = entry.and_then(|entry| entry.parent_commit.as_deref());
        // a plan may leave the parent out, and then git knows it
        let is_other = |theirs: &&str| !item.pre.is_empty() && !theirs.starts_with(item.pre.as_str()) && !item.pre.starts_with(theirs);
        elsewhere.extend(parent.filter(is_other).map(|_| item.item_id.0.as_str()));
    }
    let fix = format!("{}: add or mend them, or run the others alone", mapping.path.display());
    let mut rows = Vec::new();
    if let Some((first, why)) = without.first() {
        let says = format!("{}: {} of {all} can't be measured ({first}: {why})", FailureClass::NoCommand, without.len());
        rows.push(Row::warning(About::Arms, says, fix));
    } else {
        rows.push(Row::ok(About::Arms, format!("in containers, by {} ({})", mapping.path.display(), count(mapping.len(), "commit"))));
    }
    if !elsewhere.is_empty() {
        let says = format!("the mapping names another parent than the plan for {}: {}", count(elsewhere.len(), "item"), named(&elsewhere));
        rows.push(Row::warning(About::Arms, says, "the plan's counts: the patch was made against it"));
    }
    rows.extend(too_few(look, &wanted, &all));
    rows
}

fn too_few(look: &Look<'_>, wanted: &[usize], all: &str) -> Option<Row> {
    let most = *wanted.iter().max().filter(|most| **most > 1)?;
    let there = super::usable(look)?;
    let many = wanted.iter().filter(|wanted| **wanted > there.min(most - 1)).count();
    gpus(look, most, &format!("{many} of {all} want up to"))
}

/// What is configured to be seen in the containers, and is not there.
fn mounts(look: &Look<'_>) -> Option<Row> {
    let at = |bind: &Bind<'_>| look.checkout.repo_root.join(at_home(bind.from.as_ref()));
    let binds = look.config.docker.mounts.iter().filter_map(|mount| Bind::of(mount));
    let missing: Vec<String> = binds.map(|bind| at(&bind)).filter(|path| !path.exists()).map(|path| path.display().to_string()).collect();
    let says = format!("not there, so that the containers don't see it: {}", missing.join(", "));
    (!missing.is_empty())
        .then(|| Row::warning(About::Arms, says, "benchmarks with that dataset fail without it: put it there, or change docker.mounts"))
}

/// Models may be gated. Names are said, values never.
fn tokens(look: &Look<'_>) -> Option<Row> {
    let names = &look.config.docker.pass;
    if names.is_empty() {
        return None;
    }
    let set: Vec<&str> = names.iter().map(String::as_str).filter(|name| look.around.variable(name).is_some()).collect();
    Some(if !set.is_empty() {
        Row::ok(About::Keys, format!("for the containers: {}", set.join(", ")))
    } else if hugging_face_token().is_some() {
        Row::ok(About::Keys, "for the containers: the token of `huggingface-cli login`".to_owned())
    } else {
        let says = format!("none of {} is set, nor is there a login of Hugging Face: gated models will fail", names.join(", "));
        Row::warning(About::Keys, says, "set HF_TOKEN, or `huggingface-cli login`")
    })
}
