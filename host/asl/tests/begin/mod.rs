//! How the executions of tests begin.

use stepwell_asl::expr::Value;
use stepwell_asl::{Start, Timestamp};

/// When they begin.
pub const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

pub fn start(input: Value) -> Start {
    Start {
        execution_arn: "arn:aws:states:eu-west-1:123456789012:execution:machine:run".into(),
        execution_name: "run".into(),
        role_arn: "arn:aws:iam::123456789012:role/role".into(),
        machine_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:machine".into(),
        machine_name: "machine".into(),
        at: NOW,
        seed: 42,
        token_key: 77,
        input,
        child: None,
    }
}
