//! Many rules and events of one kilobyte.

/// What a workload's rules ask for besides source and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Exact,
    Prefix,
    Suffix,
    Wildcard,
    AnythingBut,
    Numeric,
    Or,
    Multi,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
            Self::Wildcard => "wildcard",
            Self::AnythingBut => "anything-but",
            Self::Numeric => "numeric",
            Self::Or => "or",
            Self::Multi => "multi",
        }
    }

    /// The pattern of a rule.
    pub fn rule(self, i: usize) -> String {
        let detail = match self {
            Self::Exact => format!(r#""orderId":["order-{i}"]"#),
            Self::Prefix => format!(r#""orderId":[{{"prefix":"order-{i}-"}}]"#),
            Self::Suffix => format!(r#""path":[{{"suffix":"/f{i}.json"}}]"#),
            Self::Wildcard => format!(r#""path":[{{"wildcard":"/tenants/t{i}/*/f{i}.json"}}]"#),
            Self::AnythingBut => format!(r#""orderId":[{{"anything-but":["order-{i}"]}}]"#),
            Self::Numeric => format!(r#""amount":[{{"numeric":[">=",{i},"<",{}]}}]"#, i + 1),
            Self::Or => format!(r#""$or":[{{"orderId":["order-{i}"]}},{{"customer":["cust-{i}"]}}]"#),
            Self::Multi => format!(
                r#""orderId":["order-{i}"],"status":["PAID","SHIPPED"],"amount":[{{"numeric":[">",0]}}],"region":[{{"anything-but":"test"}}]"#
            ),
        };
        format!(r#"{{"source":["{}"],"detail-type":["{}"],"detail":{{{detail}}}}}"#, source(i), detail_type(i))
    }
}

/// Two thousand events, of which every other one is for one of the rules.
pub fn events(kind: Kind, rules: usize) -> Vec<String> {
    (0..2000).map(|k| event(kind, k, (k * 7919) % rules)).collect()
}

fn event(kind: Kind, k: usize, i: usize) -> String {
    let hit = k.is_multiple_of(2);
    let mut order = if hit { format!("order-{i}") } else { format!("order-x{i}") };
    if kind == Kind::Prefix {
        order.push_str("-77");
    }
    let path = if hit { format!("/tenants/t{i}/a/b/f{i}.json") } else { format!("/tenants/t{i}/a/b/g{i}.txt") };
    let amount = if hit { format!("{i}.5") } else { format!("-{}.25", i + 1) };
    let items: Vec<String> =
        (0..5).map(|j| format!(r#"{{"sku":"sku-{}","qty":{},"price":{}.99}}"#, 1000 + j, j + 1, 9 + j)).collect();
    let start = format!(
        r#"{{"version":"0","id":"{k:08x}-1111-2222-3333-444444444444","detail-type":"{}","source":"{}","account":"123456789012","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0"],"detail":{{"orderId":"{order}","path":"{path}","amount":{amount},"customer":"customer-{}","status":"PAID","region":"eu-west-1","items":[{}],"tags":["alpha","beta","gamma"],"note":""#,
        detail_type(i),
        source(i),
        k % 1000,
        items.join(",")
    );
    let mut text = start;
    while text.len() < 1000 - "\"}}".len() {
        text.push_str("lorem ipsum ");
    }
    text + "\"}}"
}

fn source(i: usize) -> String {
    format!("com.example.svc{}", i % 50)
}

fn detail_type(i: usize) -> String {
    format!("Type{}", (i / 50) % 20)
}

/// A name, and what the detail of its rules asks for.
pub type Operator = (&'static str, fn(usize) -> String);

/// Ten thousand rules of each operator that ask for nothing else, so that only the operator
/// tells them apart, with how many of them an event of [`events`] matches at most.
pub const OPERATORS: [Operator; 18] = [
    ("exact", |i| format!(r#""orderId":["order-{i}"]"#)),
    ("prefix", |i| format!(r#""orderId":[{{"prefix":"order-{i}"}}]"#)),
    ("prefix, ignoring case", |i| format!(r#""orderId":[{{"prefix":{{"equals-ignore-case":"ORDER-{i}"}}}}]"#)),
    ("suffix", |i| format!(r#""path":[{{"suffix":"/f{i}.json"}}]"#)),
    ("suffix, ignoring case", |i| format!(r#""path":[{{"suffix":{{"equals-ignore-case":"/F{i}.JSON"}}}}]"#)),
    ("equals-ignore-case", |i| format!(r#""orderId":[{{"equals-ignore-case":"Order-{i}"}}]"#)),
    ("wildcard a*b", |i| format!(r#""path":[{{"wildcard":"/tenants/*/f{i}.json"}}]"#)),
    ("wildcard *a*", |i| format!(r#""path":[{{"wildcard":"*/f{i}.*"}}]"#)),
    ("numeric = ", |i| format!(r#""amount":[{{"numeric":["=",{i}.5]}}]"#)),
    ("numeric range", |i| format!(r#""amount":[{{"numeric":[">=",{i},"<",{}]}}]"#, i + 1)),
    ("numeric wide range", |i| format!(r#""amount":[{{"numeric":[">=",{i},"<",{}]}}]"#, i + 30)),
    ("numeric > (none fits)", |i| format!(r#""amount":[{{"numeric":[">",{}]}}]"#, i + 10_000)),
    ("cidr", |i| format!(r#""ip":[{{"cidr":"10.{}.{}.0/24"}}]"#, i / 256, i % 256)),
    ("two fields of an element", |i| format!(r#""items":{{"sku":["sku-{i}"],"qty":[{}]}}"#, 1 + i % 5)),
    ("exists:false and exact", |i| format!(r#""f{i}":[{{"exists":false}}],"orderId":["order-{i}"]"#)),
    ("exists:true", |i| format!(r#""f{i}":[{{"exists":true}}]"#)),
    ("anything-but (nearly all fit)", |i| format!(r#""orderId":[{{"anything-but":["order-{i}"]}}]"#)),
    ("exists:false (all fit)", |i| format!(r#""f{i}":[{{"exists":false}}]"#)),
];

pub fn operator_rule(detail: &str) -> String {
    format!(r#"{{"detail":{{{detail}}}}}"#)
}

/// The events of the exact workload, with an address.
pub fn operator_events(rules: usize) -> Vec<String> {
    let with_address = |(k, event): (usize, String)| {
        let i = (k * 7919) % rules;
        event.replace(r#""customer":"#, &format!(r#""ip":"10.{}.{}.{}","customer":"#, i / 256, i % 256, k % 256))
    };
    events(Kind::Exact, rules).into_iter().enumerate().map(with_address).collect()
}
