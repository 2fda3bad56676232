//! `stepwell state`: one state of a workflow by itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand, ValueEnum};
use stepwell_asl::expr::Value;
use stepwell_asl::test_state::{
    Error, ErrorDetails, FieldValidation, InspectionLevel, Mock, MockError, TestStateConfiguration, TestStateRequest,
    TestStateResponse, TestStatus, Tested,
};
use stepwell_asl::{Checks, Failure, Integrations, Invoke, Machine, Timestamp};
use stepwell_tasks::{Budget, Call, Identity, Tasks};

use crate::args::{Format, InputArguments, OutputArguments};
use crate::definition::Source;
use crate::exit::{Code, Exit};
use crate::host::{CompiledArguments, Voice, load_tasks, render_broken};
use crate::input;
use crate::nearest::suggestion;
use crate::output::{document, line, pretty, printable, say};
use crate::project::{Project, Purpose};
use crate::style::{ColorChoice, Paint, Palette};

const EXAMPLES: &str = "\
Examples:
  stepwell state test report.asl.json WhichFormat -i '{\"format\": \"csv\"}'
  stepwell state test order.asl.json Charge -i @order.json --mock-result '{\"MessageId\": \"m-1\"}'
  stepwell state test order.asl.json Charge --mock-error CardDeclined --mock-cause 'no funds' --retry-count 2
  stepwell state test state.json -o json

FILE is a workflow, with the name of one of its states, or one state by itself. A mock stands for what the
state calls, whatever the service; a Map or Parallel needs one. A Task without a mock calls the plugin of the
nearest project file. The exit code is 0 when the state leads on, 1 when it fails or would be tried again.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one state with an input, and see what each of its fields makes of the data
    Test(Box<Arguments>),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The definition of a workflow, or of one state
    #[arg(value_name = "FILE")]
    definition: PathBuf,
    /// Which state of the workflow; also one within a Map or Parallel
    #[arg(value_name = "STATE")]
    state: Option<String>,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    mock: MockArguments,
    /// How much to tell
    #[arg(long, value_enum, default_value = "debug", value_name = "LEVEL")]
    level: Level,
    /// The context object, `$$`: JSON or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    context: Option<String>,
    /// The variables that the state sees: a JSON object or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    variables: Option<String>,
    /// The project file whose plugin is called, instead of the nearest one
    #[arg(long, env = "STEPWELL_PROJECT", value_name = "FILE")]
    project: Option<PathBuf>,
    #[command(flatten)]
    compiled: CompiledArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What stands for the state's call, branches or iterations.
#[derive(Debug, Args)]
struct MockArguments {
    /// What the call, the branches or the iterations come to: JSON or @FILE
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "mock_error")]
    mock_result: Option<String>,
    /// The error that they fail with
    #[arg(long, value_name = "NAME")]
    mock_error: Option<String>,
    /// The cause of the error
    #[arg(long, value_name = "TEXT", requires = "mock_error")]
    mock_cause: Option<String>,
    /// How the result is compared with what the service's API answers
    #[arg(long, value_enum, default_value = "strict", value_name = "HOW")]
    mock_validation: Validation,
    /// Retries so far, by the retrier that the error meets
    #[arg(long, value_name = "N")]
    retry_count: Option<u64>,
    /// The state of a Map or Parallel that the error comes from
    #[arg(long, value_name = "STATE", requires = "mock_error")]
    failed_state: Option<String>,
    /// Iterations of a Map that failed
    #[arg(long, value_name = "N")]
    failed_iterations: Option<u64>,
    /// What the ItemReader of a Map read: text or @FILE
    #[arg(long, value_name = "TEXT|@FILE")]
    reader_data: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    /// The outcome
    Info,
    /// What the data became at each field, too
    Debug,
    /// All that is known
    Trace,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Validation {
    /// What is required is there, and what is there fits
    Strict,
    /// What is there fits
    Present,
    None,
}

pub async fn run(command: Command, color: ColorChoice) -> anyhow::Result<Code> {
    let Command::Test(arguments) = command;
    let palette = Palette::for_stderr(color);
    let source = Source::read(&arguments.definition).map_err(|message| Exit::new(Code::NotFound, message))?;
    let request = request(&arguments, &source, &palette)?;
    let refused = |error: Error| refused(error, &source, &palette);
    let response = match stepwell_asl::test_state(&request).map_err(refused)? {
        Tested::Ended(response) => *response,
        Tested::Calls(open) => {
            let outcome = call(&arguments, &source, open.invoke(), &palette).await?;
            open.returned(outcome).map_err(refused)?
        }
    };
    match arguments.output.output {
        Format::Text => line(&as_text(&response, &Palette::for_stdout(color))),
        Format::Json | Format::Jsonl => document(arguments.output.output, &response.to_json(), pretty),
    }
    Ok(match response.status {
        TestStatus::Succeeded | TestStatus::CaughtError => Code::Ok,
        TestStatus::Failed | TestStatus::Retriable => Code::Failed,
    })
}

fn request(arguments: &Arguments, source: &Source, palette: &Palette) -> Result<TestStateRequest, Exit> {
    named(arguments, source, palette)?;
    let json = |given: &Option<String>| match given {
        Some(given) => input::read(given).map(|value| Some(Arc::from(value.to_string()))),
        None => Ok(None),
    };
    let text = |given: &Option<String>| given.as_deref().map(Arc::<str>::from);
    let mock = &arguments.mock;
    let error_output = mock
        .mock_error
        .as_ref()
        .map(|error| MockError { error: Some(error.as_str().into()), cause: text(&mock.mock_cause) });
    let result = json(&mock.mock_result)?;
    let is_mocked = result.is_some() || error_output.is_some();
    let validation = match mock.mock_validation {
        Validation::Strict => FieldValidation::Strict,
        Validation::Present => FieldValidation::Present,
        Validation::None => FieldValidation::None,
    };
    let configuration = TestStateConfiguration {
        retrier_retry_count: mock.retry_count,
        error_caused_by_state: text(&mock.failed_state),
        map_iteration_failure_count: mock.failed_iterations,
        map_item_reader_data: mock.reader_data.as_deref().map(input::text).transpose()?.map(Arc::from),
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
    Ok(TestStateRequest {
        state_name: text(&arguments.state),
        input: Some(input::read(&arguments.input.input)?.to_string().into()),
        // Nothing here takes on a role; AWS wants one for every Task that is not mocked.
        role_arn: Some("arn:aws:iam::123456789012:role/stepwell".into()),
        inspection_level: match arguments.level {
            Level::Info => InspectionLevel::Info,
            Level::Debug => InspectionLevel::Debug,
            Level::Trace => InspectionLevel::Trace,
        },
        variables: json(&arguments.variables)?,
        context: json(&arguments.context)?,
        mock: is_mocked.then_some(Mock { result, error_output, validation }),
        configuration: (configuration != TestStateConfiguration::default()).then_some(configuration),
        seed: u64::from(since.subsec_nanos()),
        ..TestStateRequest::new(source.text.as_str(), at)
    })
}

/// A workflow needs the name of one of its states.
fn named(arguments: &Arguments, source: &Source, palette: &Palette) -> Result<(), Exit> {
    let is_workflow = Value::parse(&source.text).is_ok_and(|value| value.get("States").is_some());
    let shown = source.path.display();
    let name = match (&arguments.state, is_workflow) {
        (None, false) => return Ok(()),
        (Some(name), false) => {
            let message = format!("{shown} is no workflow, so it has no state '{name}'");
            return Err(Exit::new(Code::Usage, message).help("leave out the name to test the state that the file is"));
        }
        (name, true) => name,
    };
    let checks = Checks { integrations: Integrations::Any, ..Checks::default() };
    let machine = Machine::parse_with(&source.text, checks).map_err(|problems| invalid(&problems, source, palette))?;
    let names: Vec<&str> = machine.state_names().map(|name| &**name).collect();
    match name {
        None => Err(Exit::new(Code::Usage, format!("{shown} is a workflow: say which of its states is tested"))
            .help(format!("its states: {}", names.join(", ")))),
        Some(name) if names.contains(&name.as_str()) => Ok(()),
        Some(name) => {
            let message = format!("{shown} has no state '{name}'");
            Err(Exit::new(Code::NotFound, message).help(suggestion(name, &names)))
        }
    }
}

fn refused(error: Error, source: &Source, palette: &Palette) -> Exit {
    match error {
        Error::InvalidDefinition { problems, .. } if !problems.is_empty() => invalid(&problems, source, palette),
        Error::InvalidDefinition { message, .. } => Exit::new(Code::Invalid, message)
            .help("say what it comes to with --mock-result, or what it fails with by --mock-error"),
        Error::InvalidExecutionInput(message) | Error::Validation(message) => Exit::new(Code::Usage, message),
    }
}

fn invalid(problems: &[stepwell_asl::Diagnostic], source: &Source, palette: &Palette) -> Exit {
    let rendered: Vec<String> = problems.iter().map(|one| source.render(one, palette)).collect();
    Exit::new(Code::Invalid, rendered.join("\n"))
}

/// Calls the plugin that the state names.
async fn call(
    arguments: &Arguments,
    source: &Source,
    invoke: &Invoke,
    palette: &Palette,
) -> anyhow::Result<Result<Value, Failure>> {
    let task = invoke.resource.task_name();
    let directory = source.path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let file = arguments.project.clone().or_else(|| Project::nearest(directory.unwrap_or(Path::new("."))));
    let project = file.map(|file| Project::read(&file, Purpose::Development)).transpose();
    let project = project.map_err(|problems| Exit::new(Code::Invalid, problems.render(palette)))?;
    let plugins = project.as_ref().map(|project| project.plugins.as_slice()).unwrap_or_default();
    let found = plugins.iter().find(|plugin| *plugin.plugin.name == *task).map(|plugin| plugin.plugin.clone());
    let (Some(project), Some(plugin)) = (&project, found) else {
        let message = format!("the state calls \"{task}\", which no plugin of a project file is named");
        let help = "say what it comes to with --mock-result, or what it fails with by --mock-error";
        return Err(Exit::new(Code::Invalid, message).help(help).into());
    };
    let compiled = arguments.compiled.directory(&project.data);
    let loaded = load_tasks(vec![plugin], compiled, project.allocator, Voice::Lines).await?;
    let broken = loaded.tasks.broken();
    if !broken.is_empty() {
        return Err(Exit::new(Code::Invalid, render_broken(project, &broken, palette)).into());
    }
    let returned = loaded.tasks.call(task_call(task, invoke)).await;
    for written in &returned.log {
        say(&format!("  log: {}", printable(&written.text)));
    }
    Ok(match returned.outcome {
        Ok(text) => Value::parse(&text)
            .map_err(|error| Failure::new(stepwell_tasks::failures::RESULT_INVALID, error.to_string())),
        Err(failure) => Err(Failure::new(failure.error, failure.cause)),
    })
}

fn task_call(task: Arc<str>, invoke: &Invoke) -> Call {
    Call {
        task,
        input: invoke.input.to_string().into(),
        budget: Budget { timeout_seconds: invoke.timeout_seconds },
        identity: Identity {
            idempotency_key: "test".into(),
            attempt: invoke.attempt,
            dispatch: 1,
            execution_id: "test".into(),
            execution_name: "test".into(),
            workflow_name: "test".into(),
            state_name: Arc::clone(&invoke.state_name),
        },
    }
}

/// Short values stand beside their stage, longer ones below it (characters).
const BESIDE_CHARS: usize = 72;
const STAGE_WIDTH: usize = 27;

fn as_text(response: &TestStateResponse, palette: &Palette) -> String {
    let paint = match response.status {
        TestStatus::Succeeded => Paint::Good,
        TestStatus::CaughtError | TestStatus::Retriable => Paint::Warning,
        TestStatus::Failed => Paint::Error,
    };
    let mut out = palette.paint(paint, response.status.name());
    if let Some(next) = &response.next_state {
        out.push_str(&format!(" → {}", palette.paint(Paint::Strong, &printable(next))));
    }
    out.push_str("\n\n");
    let mut before = None;
    for (name, value) in response.inspection.as_ref().map(|data| data.stages()).unwrap_or_default() {
        if name == "errorDetails" {
            continue;
        }
        let same = before.as_ref() == Some(&value);
        out.push_str(&stage(name, &value, same, palette));
        before = Some(value);
    }
    if let Some(output) = &response.output {
        out.push_str(&stage("output", output, before.as_ref() == Some(output), palette));
    }
    for (name, text) in [("error", &response.error), ("cause", &response.cause)] {
        if let Some(text) = text {
            out.push_str(&labelled(name, &printable(text), palette));
        }
    }
    if let Some(details) = response.inspection.as_ref().and_then(|data| data.error_details) {
        out.push_str(&met(details, palette));
    }
    out
}

fn stage(name: &str, value: &Value, same: bool, palette: &Palette) -> String {
    if same {
        return labelled(name, &palette.paint(Paint::Faint, "the same"), palette);
    }
    let short = value.to_string();
    if short.chars().count() <= BESIDE_CHARS {
        return labelled(name, &printable(&short), palette);
    }
    let indented: Vec<String> = pretty(value).lines().map(|line| format!("  {}", printable(line))).collect();
    format!("{}\n{}\n", palette.paint(Paint::Note, name), indented.join("\n"))
}

fn labelled(name: &str, text: &str, palette: &Palette) -> String {
    let blanks = " ".repeat(STAGE_WIDTH.saturating_sub(name.len()).max(1));
    format!("{}{blanks}{text}\n", palette.paint(Paint::Note, name))
}

/// What the failure met, in words.
fn met(details: ErrorDetails, palette: &Palette) -> String {
    let mut out = String::new();
    if let Some(place) = details.retry_index {
        let then = match details.retry_backoff_seconds {
            Some(seconds) => format!("Retry[{place}]: the next attempt comes after {seconds} s"),
            None => format!("Retry[{place}]: it has no attempt left"),
        };
        out.push_str(&labelled("retried", &then, palette));
    }
    if let Some(place) = details.catch_index {
        out.push_str(&labelled("caught", &format!("Catch[{place}]"), palette));
    }
    out
}
