//! `stepwell version`.

use clap::Args;
use stepwell_asl::expr::Value;

use crate::exit::Code;
use crate::output::{line, pretty};

const EXAMPLES: &str = "\
Examples:
  stepwell version
  stepwell version --json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// All of it, as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Code> {
    let version = env!("CARGO_PKG_VERSION");
    if arguments.json {
        let platform = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
        line(&pretty(&Value::object([
            ("version", Value::from(version)),
            ("platform", Value::from(platform)),
            ("api", Value::from("v1")),
            ("task", Value::from("stepwell:task@1")),
        ])));
    } else {
        line(&format!("stepwell {version}"));
    }
    Ok(Code::Ok)
}
