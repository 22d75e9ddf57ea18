//! The last success and failure are sent again only to a gateway that has forgotten them.

use crate::support::{Place, Pushgateway, run_to};

#[test]
fn a_success_without_the_spool_is_not_replaced_by_an_older_one() {
    for (inside, outside, code, name) in [
        ("true", "true", 1, "last_success_timestamp_seconds"),
        ("false", "false", 0, "last_failure_timestamp_seconds"),
    ] {
        let (place, gateway) = (Place::new(), Pushgateway::start());
        place.run_to(gateway.address()).job([inside]).run();
        run_to(gateway.address()).job([outside]).run();
        let newer = gateway.reported("j", name);
        let last = if code == 0 { "true" } else { "false" };
        let run = place.run_to(gateway.address()).job([last]).run();
        run.exits(code).says("");
        assert_eq!(gateway.reported("j", name), newer);
    }
}
