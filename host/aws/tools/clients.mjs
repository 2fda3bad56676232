// AWS's own client for JavaScript, as it signs and sends. Nothing is sent anywhere.
//
//     npm install @aws-sdk/client-sfn @aws-sdk/client-eventbridge @aws-sdk/client-scheduler @aws-sdk/client-sts
//     node clients.mjs > host/aws/tests/fixtures/signed-js.json
//
// Run a copy of this file from the directory where the packages were installed.

import { EventBridgeClient, PutEventsCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { CreateScheduleCommand, ListSchedulesCommand, SchedulerClient, UntagResourceCommand } from "@aws-sdk/client-scheduler";
import { ListExecutionsCommand, SFNClient, StartExecutionCommand, StartSyncExecutionCommand } from "@aws-sdk/client-sfn";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const now = new Date("2026-01-02T03:04:05Z");
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) { given.length ? super(...given) : super(now); }
  static now() { return now.getTime(); }
};

const arn = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/g";
const machine = "arn:aws:states:us-east-1:123456789012:stateMachine:ü €1";
const at = new Date("2027-01-15T08:00:00Z");
const window = { Mode: "OFF" };
const target = { Arn: "arn:aws:sqs:us-east-1:123456789012:queue", RoleArn: "arn:aws:iam::123456789012:role/runs" };
const calls = [
  ["states", SFNClient, StartExecutionCommand, { stateMachineArn: machine, input: "{\"a\":\"ü\"}", name: "n" }],
  ["states", SFNClient, StartSyncExecutionCommand, { stateMachineArn: machine }],
  ["states", SFNClient, ListExecutionsCommand, { stateMachineArn: machine, maxResults: 5 }],
  ["events", EventBridgeClient, PutEventsCommand, { Entries: [{ Source: "s", DetailType: "t", Detail: "{}", Time: at }] }],
  ["events", EventBridgeClient, PutTargetsCommand, { Rule: "r", Targets: [{ Id: "1", Arn: target.Arn }] }],
  ["scheduler", SchedulerClient, CreateScheduleCommand,
    { Name: "n.1", ScheduleExpression: "rate(1 minute)", FlexibleTimeWindow: window, Target: target, StartDate: at, ClientToken: "t" }],
  ["scheduler", SchedulerClient, ListSchedulesCommand, { NamePrefix: "n", MaxResults: 7, State: "ENABLED", NextToken: "a b+c/d=&~é" }],
  ["scheduler", SchedulerClient, UntagResourceCommand, { ResourceArn: arn, TagKeys: ["z z", "a/b", "é"] }],
  ["sts", STSClient, GetCallerIdentityCommand, {}],
];

/// As the client's handler for node writes a query.
function text(query) {
  const escape = (part) => encodeURIComponent(part).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
  return Object.keys(query).sort().flatMap((name) => {
    const values = Array.isArray(query[name]) ? query[name] : [query[name]];
    return values.map((value) => `${escape(name)}=${escape(value)}`);
  }).join("&");
}

/// Times in seconds, as they are sent.
function plain(value) {
  if (value instanceof RealDate) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

const requests = [];
for (const token of [undefined, "a/token+of=a session"]) {
  for (const [service, Client, Command, params] of calls) {
    const requestHandler = {
      handle: async (request) => {
        const headers = Object.entries(request.headers).filter(([name]) => name !== "user-agent");
        requests.push({
          service, operation: Command.name.replace(/Command$/, ""), params: plain(params), output: {}, token: token ?? null,
          method: request.method, path: request.path, query: text(request.query), headers,
          body: Buffer.from(request.body ?? "").toString("base64"),
        });
        throw new Error("enough");
      },
      updateHttpClientConfig() {}, httpHandlerConfigs() { return {}; }, destroy() {},
    };
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: token };
    const client = new Client({
      region: "us-east-1", endpoint: "http://localhost:8083", credentials, requestHandler, maxAttempts: 1, disableHostPrefix: true,
    });
    await client.send(new Command(params)).catch((error) => { if (error.message !== "enough") throw error; });
  }
}
const lines = requests.map((request) => JSON.stringify(request)).join(",\n");
console.log(`{"now": ${now.getTime() / 1000}, "requests": [\n${lines}\n]}`);
