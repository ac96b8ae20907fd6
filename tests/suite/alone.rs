//! One runner a run, and no second run of the same plan by accident.

use crate::campaign::{Campaign, GOOD_ARM, said};

#[test]
fn a_second_runner_is_refused_and_told_the_pid_of_the_first() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    let first = campaign.runner().map(|pid| pid.to_string()).unwrap_or_default();
    for arguments in [["run", "--resume", "--headless"], ["run", "--resume", "--detach"]] {
        let output = campaign.run(&arguments);
        assert_eq!(output.status.code(), Some(4), "{}", said(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("pid {first}")), "{}", said(&output));
    }
    let output = campaign.run(&["run", "--headless"]);
    assert_eq!(output.status.code(), Some(4), "the same plan: {}", said(&output));
    assert!(said(&output).contains(&first) && said(&output).contains("--new"), "{}", said(&output));
    campaign.open(1, "agent");
    campaign.wait_end();
    assert_eq!(campaign.facts_of("runner_started").len(), 1);
}

#[test]
fn of_many_runners_that_start_at_once_one_has_the_run() {
    let campaign = Campaign::new(1, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.ctl(&["quit-now"]);
    crate::support::wait_until("the runner to leave", || campaign.runner().is_none());
    let mut open: Vec<_> = (0..6).map(|_| campaign.spawn(&["run", "--resume", "--headless"])).collect();
    // five are refused while the one that has the run is at work; readers look at the lock all the time
    let mut codes = Vec::new();
    crate::support::wait_until("five to be refused", || {
        campaign.status();
        open.retain_mut(|child| {
            child.try_wait().ok().flatten().is_none_or(|status| {
                codes.push(status.code());
                false
            })
        });
        codes.len() >= 5
    });
    assert_eq!((codes, open.len()), (vec![Some(4); 5], 1));
    campaign.open(1, "agent");
    assert_eq!(open.remove(0).wait().ok().and_then(|status| status.code()), Some(0));
    assert_eq!(campaign.facts_of("runner_started").len(), 2);
}

#[test]
fn a_run_of_the_same_plan_that_is_unfinished_is_not_doubled_by_accident() {
    let campaign = Campaign::new(2, "gate agent; echo cost=50 >engine.sh", GOOD_ARM);
    campaign.detached();
    campaign.at_gate(1, "agent");
    campaign.ctl(&["quit-now"]);
    crate::support::wait_until("the runner to leave", || campaign.runner().is_none());
    let id = campaign.folder().run_id().0;
    for mode in ["--headless", "--detach"] {
        let output = campaign.run(&["run", mode]);
        let says = said(&output);
        assert_eq!(output.status.code(), Some(2), "{says}");
        assert!(says.contains(&format!("run --resume {id}")) && says.contains("run --new"), "{says}");
    }
    campaign.open(1, "agent");
    campaign.open(2, "agent");
    let output = campaign.run(&["run", "--new", "--headless"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(campaign.folders().len(), 2);
    assert_eq!(campaign.run(&["run", "--resume", &id, "--headless"]).status.code(), Some(0));
    // both are finished: nothing to ask about
    assert_eq!(campaign.headless(), Some(0));
    campaign.assert_nothing_left();
}
