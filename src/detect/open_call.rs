//! D2: a call without an answer when the next request starts, or a failure without a word: providers reject both.

use super::look::{Finish, Look, line};
use super::rule::Notice;
use crate::domain::{Detector, Evidence, Remark};

/// The calls of the step before that have no answer.
#[derive(Debug, Default)]
pub(super) struct OpenCall {
    open: Option<Remark>,
}

impl Notice for OpenCall {
    fn take(&mut self, look: &Look<'_>) -> Vec<Remark> {
        let mut remarks: Vec<Remark> = self.open.take().into_iter().collect();
        let unanswered = look.calls.iter().find(|call| call.call.result.is_none());
        let silent = look.calls.iter().find(|call| call.failed() && call.answer().is_empty());
        let step = look.step.index;
        if let Some(call) = unanswered {
            let name = line(&call.call.name);
            let remark = remark(step, format!("the call of {name} has no answer: the next request may be rejected"), line(&call.gist()));
            // a refused finish goes back to the model at once; others may still be answered, and the last one is the end
            match look.finish {
                Finish::Refused => remarks.push(remark),
                Finish::Said => {}
                Finish::No => self.open = Some(remark),
            }
        } else if let Some(call) = silent {
            let name = line(&call.call.name);
            remarks.push(remark(
                step,
                format!("{name} failed without a word: a provider that wants a text of every failure rejects the next request"),
                line(&call.gist()),
            ));
        }
        remarks
    }
}

fn remark(step: u32, says: String, text: String) -> Remark {
    Remark {
        detector: Detector::OpenCall,
        step: Some(step),
        says,
        hint: "If the run ends with an API error now, it is the harness's, not the agent's: run it again".to_owned(),
        evidence: vec![Evidence { step, text }],
    }
}
