//! The variables that point AWS's command line and SDKs to a host.
//!
//! Step Functions' models put `sync-` before the host's name for two operations, and no name like
//! `sync-127.0.0.1` resolves: `AWS_DISABLE_HOST_PREFIX_INJECTION` switches that off. Only the
//! services that a host has are pointed to it, so that calls of all others go where they went.

use std::fmt::Write as _;

/// The shells whose language is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// sh, bash, zsh: `eval "$(stepwell aws env)"`
    Sh,
    /// `stepwell aws env --shell fish | source`
    Fish,
    /// `stepwell aws env --shell powershell | Out-String | Invoke-Expression`
    PowerShell,
}

/// Where a host is, and who calls.
#[derive(Clone)]
pub struct Settings<'a> {
    /// Such as `http://127.0.0.1:8083`.
    pub endpoint: &'a str,
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// The id of a key; 12 digits are taken for an account by hosts without keys.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret_access_key: &'a str,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { endpoint, region, access_key_id, secret_access_key: _ } = self;
        let mut shown = f.debug_struct("Settings");
        shown.field("endpoint", endpoint).field("region", region).field("access_key_id", access_key_id);
        shown.finish_non_exhaustive()
    }
}

/// The lines for a shell. A session token that is left from before would not fit the key, and is
/// taken away.
pub fn script(shell: Shell, settings: &Settings<'_>) -> String {
    let mut text = String::new();
    for (name, value) in variables(settings) {
        // Writing to a text cannot fail.
        let _ = match shell {
            Shell::Sh => writeln!(text, "export {name}='{}'", value.replace('\'', r"'\''")),
            Shell::Fish => writeln!(text, "set -gx {name} '{}';", value.replace('\\', r"\\").replace('\'', r"\'")),
            Shell::PowerShell => writeln!(text, "$Env:{name} = '{}'", powershell(value)),
        };
    }
    text.push_str(match shell {
        Shell::Sh => "unset AWS_SESSION_TOKEN\n",
        Shell::Fish => "set -e AWS_SESSION_TOKEN;\n",
        Shell::PowerShell => "Remove-Item Env:AWS_SESSION_TOKEN -ErrorAction SilentlyContinue\n",
    });
    text
}

fn variables<'a>(settings: &Settings<'a>) -> [(&'static str, &'a str); 10] {
    let Settings { endpoint, region, access_key_id, secret_access_key } = settings;
    [
        ("AWS_ENDPOINT_URL_SFN", endpoint),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", endpoint),
        ("AWS_ENDPOINT_URL_SCHEDULER", endpoint),
        ("AWS_ENDPOINT_URL_STS", endpoint),
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", access_key_id),
        ("AWS_SECRET_ACCESS_KEY", secret_access_key),
    ]
}

/// PowerShell takes the typographic quotes for quotes as well.
fn powershell(value: &str) -> String {
    value.chars().flat_map(|c| std::iter::repeat_n(c, if "'‘’‚‛".contains(c) { 2 } else { 1 })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings<'static> = Settings {
        endpoint: "http://127.0.0.1:8083",
        region: "us-east-1",
        access_key_id: "000000000000",
        secret_access_key: r"it's \ $(secret)",
    };

    #[test]
    fn a_shell_reads_what_was_meant() {
        let text = script(Shell::Sh, &SETTINGS) + "printf '%s|%s' \"$AWS_ENDPOINT_URL_SFN\" \"$AWS_SECRET_ACCESS_KEY\"";
        let Ok(output) = std::process::Command::new("sh").args(["-c", &text]).output() else {
            println!("SKIPPED: there is no sh");
            return;
        };
        assert_eq!(String::from_utf8(output.stdout).unwrap(), r"http://127.0.0.1:8083|it's \ $(secret)");
    }

    #[test]
    fn every_shell_has_its_own_quotes() {
        let line = |shell| {
            let text = script(shell, &SETTINGS);
            text.lines().find(|line| line.contains("SECRET")).unwrap().to_owned()
        };
        assert_eq!(line(Shell::Fish), r"set -gx AWS_SECRET_ACCESS_KEY 'it\'s \\ $(secret)';");
        assert_eq!(line(Shell::PowerShell), r"$Env:AWS_SECRET_ACCESS_KEY = 'it''s \ $(secret)'");
        assert!(script(Shell::PowerShell, &SETTINGS).contains("$Env:AWS_DISABLE_HOST_PREFIX_INJECTION = 'true'"));
        assert!(!format!("{SETTINGS:?}").contains("secret)"));
    }
}
