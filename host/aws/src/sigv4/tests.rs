//! What is accepted, and above all what is not.

use super::*;

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const DATE: &str = "20150830T123600Z";
const NOW: i64 = 1_440_938_160;

/// A request that can be changed.
#[derive(Clone)]
struct Sent {
    service: Service,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    now: i64,
    secret: &'static str,
    token: Option<&'static str>,
}

impl Keys for Sent {
    fn find(&self, access_key_id: &str) -> Option<Key> {
        let session_token = self.token.map(|token| Zeroizing::new(token.to_owned()));
        let key =
            Key { secret: Zeroizing::new(self.secret.to_owned()), account: "111111111111".to_owned(), session_token };
        (access_key_id == ID).then_some(key)
    }
}

impl Sent {
    fn new(service: Service, method: &str, path: &str, query: &str, body: &str) -> Self {
        let headers = [("Host", "localhost:8083"), ("X-Amz-Date", DATE)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec();
        let [method, path, query] = [method, path, query].map(str::to_owned);
        Self { service, method, path, query, headers, body: body.into(), now: NOW, secret: SECRET, token: None }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    fn parts<T>(&self, then: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let Self { method, path, query, body, .. } = self;
        then(&Request { method, path, query, headers: &headers, body })
    }

    fn scope(&self) -> Scope {
        let [access_key_id, day, region, terminator] = [ID, "20150830", "us-east-1", "aws4_request"].map(str::to_owned);
        Scope { access_key_id, day, region, service: self.service.scope().to_owned(), terminator }
    }

    fn signed_with(mut self, secret: &str, scope: &Scope) -> Self {
        let mut signed: Vec<_> = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        signed.sort();
        signed.dedup();
        let payload = hex::encode(Sha256::digest(&self.body));
        let canonical = self.parts(|request| canonical::request(request, &signed, false, &payload)).unwrap();
        let signature = hex::encode(signature(secret, scope, DATE, &canonical).finalize().into_bytes());
        let Scope { access_key_id, day, region, service, terminator } = scope;
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={access_key_id}/{day}/{region}/{service}/{terminator}, SignedHeaders={}, Signature={signature}",
            signed.join(";")
        );
        self.headers.push(("Authorization".to_owned(), value.into_bytes()));
        self
    }

    fn signed(self) -> Self {
        let scope = self.scope();
        self.signed_with(SECRET, &scope)
    }

    fn presigned(mut self, seconds: i64) -> Self {
        self.headers.retain(|(name, _)| name == "Host");
        let scope = self.scope();
        let credential = format!("{ID}%2F20150830%2Fus-east-1%2F{}%2Faws4_request", scope.service);
        let join = if self.query.is_empty() { "" } else { "&" };
        self.query += &format!(
            "{join}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={DATE}&X-Amz-Expires={seconds}\
             &X-Amz-SignedHeaders=host"
        );
        if let Some(token) = self.token {
            self.query += &format!("&X-Amz-Security-Token={token}");
        }
        let payload = hex::encode(Sha256::digest(&self.body));
        let canonical =
            self.parts(|request| canonical::request(request, &["host".to_owned()], true, &payload)).unwrap();
        let signature = hex::encode(signature(SECRET, &scope, DATE, &canonical).finalize().into_bytes());
        self.query += &format!("&X-Amz-Signature={signature}");
        self
    }

    fn verify(&self) -> Result<Caller, ServiceError> {
        let rules = Rules { keys: self, now: self.now, region: Some("us-east-1"), replays: None };
        self.parts(|request| verify(request, self.service, &rules))
    }

    fn authorization(&self) -> String {
        let (_, value) = self.headers.iter().find(|(name, _)| name == "Authorization").unwrap();
        String::from_utf8(value.clone()).unwrap()
    }

    fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let found = self.headers.iter_mut().find(|(found, _)| found.eq_ignore_ascii_case(name)).unwrap();
        found.1 = value.into();
    }
}

/// A call of Step Functions, one of Scheduler with a query, and a presigned one of STS.
fn genuine() -> [Sent; 3] {
    let states = Sent::new(Service::States, "POST", "/", "", "{\"stateMachineArn\":\"a\",\"input\":\"{}\"}")
        .with("X-Amz-Target", "AWSStepFunctions.StartExecution")
        .with("Content-Type", "application/x-amz-json-1.0")
        .with("My-Header", "one")
        .with("My-Header", "two words")
        .signed();
    let scheduler =
        Sent::new(Service::Scheduler, "DELETE", "/tags/arn%3Aaws%2Fx", "TagKeys=b&TagKeys=a%20c&x=", "").signed();
    let mut sts = Sent::new(Service::Sts, "GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", "");
    sts.token = Some("a-token");
    [states, scheduler, sts.presigned(60)]
}

/// Requests of AWS's published signing test suite (aws-c-auth, Apache-2.0), with their signatures.
#[test]
fn published_signatures_are_reproduced() {
    let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let unreserved = format!("{unreserved}={unreserved}");
    let trim: &[(&str, &str)] = &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")];
    let twice: &[(&str, &str)] = &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")];
    for (path, query, more, wanted) in [
        ("/", "", trim, "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        ("/", "", twice, "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        ("/", "Param2=value2&Param1=value1", &[], "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("/ሴ", "", &[], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        ("/", &unreserved, &[], "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    ] {
        let mut sent = Sent::new(Service::States, "GET", path, query, "");
        sent.set("Host", "example.amazonaws.com");
        let sent = more.iter().fold(sent, |sent, (name, value)| sent.with(name, value));
        let scope = Scope { service: "service".to_owned(), ..sent.scope() };
        let authorization = sent.signed_with(SECRET, &scope).authorization();
        assert!(authorization.ends_with(&format!("Signature={wanted}")), "{path} {query}: {authorization}");
    }
}

#[test]
fn a_genuine_request_says_who_sent_it() {
    for sent in genuine() {
        let caller = sent.verify().unwrap();
        let wanted = ("111111111111", "us-east-1", Some(ID));
        assert_eq!((caller.account.as_str(), caller.region.as_str(), caller.access_key_id.as_deref()), wanted);
    }
    let mut token = Sent::new(Service::States, "POST", "/", "", "{}").with("X-Amz-Security-Token", "a-token").signed();
    token.token = Some("a-token");
    assert!(token.verify().is_ok());
    // The digest of the body may be told, if it is right.
    let digest = hex::encode(Sha256::digest("{}"));
    assert!(
        Sent::new(Service::States, "POST", "/", "", "{}")
            .with("X-Amz-Content-Sha256", &digest)
            .signed()
            .verify()
            .is_ok()
    );
    // The time may stand in `Date` as well.
    let mut dated = Sent::new(Service::States, "POST", "/", "", "{}");
    dated.headers[1] = ("Date".to_owned(), b"Sun, 30 Aug 2015 12:36:00 GMT".to_vec());
    assert!(dated.signed().verify().is_ok());
}

/// What a proxy may change on the way, and what says the same.
#[test]
fn what_means_the_same_is_accepted() {
    let [states, scheduler, _] = genuine();
    let mut changed = states.clone();
    changed.headers.rotate_left(2);
    for (name, _) in &mut changed.headers {
        *name = name.to_ascii_uppercase();
    }
    changed.set("content-type", " application/x-amz-json-1.0 ");
    changed.headers.push(("User-Agent".to_owned(), b"x".to_vec()));
    changed.headers.push(("X-Amz-User-Agent".to_owned(), b"x".to_vec()));
    assert!(changed.verify().is_ok());
    let mut changed = scheduler;
    changed.query = "x=&TagKeys=a+c&TagKeys=b".to_owned();
    assert!(changed.verify().is_ok());
    for seconds in [-SKEW_SECONDS_MAX, 0, SKEW_SECONDS_MAX] {
        let at = Sent { now: NOW + seconds, ..states.clone() };
        assert!(at.verify().is_ok(), "{seconds}");
        assert!(at.verify().is_ok(), "a signature can be used again");
    }
}

/// Whatever is changed in a request, or made up, is refused: 200 and more ways.
#[test]
fn forged_and_altered_requests_are_refused() {
    let mut forged: Vec<(String, Sent)> = Vec::new();
    for sent in genuine() {
        alter_lines(&sent, &mut forged);
        alter_headers(&sent, &mut forged);
        alter_body(&sent, &mut forged);
        alter_keys_and_time(&sent, &mut forged);
    }
    let [states, scheduler, sts] = genuine();
    for sent in [&states, &scheduler] {
        alter_authorization(sent, &mut forged);
        alter_scope(sent, &mut forged);
    }
    alter_query_signature(&sts, &mut forged);
    assert!(forged.len() >= 200, "{}", forged.len());
    let accepted: Vec<_> = forged.iter().filter(|(_, sent)| sent.verify().is_ok()).map(|(what, _)| what).collect();
    assert!(accepted.is_empty(), "of {}: {accepted:#?}", forged.len());
    println!("{} forged or altered requests, 0 accepted", forged.len());
}

fn alter(forged: &mut Vec<(String, Sent)>, sent: &Sent, what: impl Into<String>, change: impl FnOnce(&mut Sent)) {
    let mut changed = sent.clone();
    change(&mut changed);
    forged.push((format!("{} {}", sent.service, what.into()), changed));
}

fn alter_lines(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    for method in ["PUT", "PATCH", "HEAD", "post", "get", "DELETE ", "", "POST\n/"] {
        alter(forged, sent, format!("method {method:?}"), |sent| sent.method = method.to_owned());
    }
    for path in [
        "/x",
        "//",
        "/.",
        "/./",
        "/..",
        "/%2F",
        "/tags/arn%3aaws%2fx",
        "/tags/arn:aws%2Fx",
        "/tags/arn%3Aaws/x",
        "/a\n",
    ] {
        alter(forged, sent, format!("path {path:?}"), |sent| sent.path = path.to_owned());
    }
    for path in ["/", "/./", "/x/../"] {
        alter(forged, sent, format!("path behind {path:?}"), |sent| sent.path = format!("{path}{}", sent.path));
        alter(forged, sent, format!("path before {path:?}"), |sent| sent.path = format!("{}{path}", sent.path));
    }
    for query in ["x=1", "Action=AssumeRole", "=", "TagKeys=a", "%", "X-Amz-Expires=1", "TagKeys=b&TagKeys=a%20c&x=1"] {
        alter(forged, sent, format!("query {query}"), |sent| sent.query = query.to_owned());
        alter(forged, sent, format!("query and {query}"), |sent| sent.query = format!("{}&{query}", sent.query));
    }
    alter(forged, sent, "query in capitals", |sent| sent.query = format!("a{}", sent.query.to_uppercase()));
}

fn alter_headers(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    for (index, (name, _)) in sent.headers.iter().enumerate().filter(|(_, (name, _))| name != "Authorization") {
        alter(forged, sent, format!("without {name}"), |sent| drop(sent.headers.remove(index)));
        alter(forged, sent, format!("{name} longer"), |sent| sent.headers[index].1.extend(b"x"));
        alter(forged, sent, format!("{name} in other case"), |sent| {
            let value = &mut sent.headers[index].1;
            let other = |byte: &u8| {
                if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
            };
            let changed: Vec<_> = value.iter().map(other).collect();
            *value = if changed == *value { b"20150830T123601Z".to_vec() } else { changed };
        });
        alter(forged, sent, format!("{name} empty"), |sent| sent.headers[index].1.clear());
        alter(forged, sent, format!("{name} twice"), |sent| sent.headers.push(sent.headers[index].clone()));
        alter(forged, sent, format!("{name} no text"), |sent| sent.headers[index].1 = vec![0xff]);
    }
    for (name, value) in [
        ("X-Amz-Target", "AWSStepFunctions.DeleteStateMachine"),
        ("X-Amz-Security-Token", "x"),
        ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
        ("X-Amz-Date", DATE),
        ("X-Amz-New", "x"),
        ("Authorization", "AWS4-HMAC-SHA256 x"),
        ("Host", "other"),
    ] {
        alter(forged, sent, format!("and {name}"), |sent| sent.headers.push((name.to_owned(), value.into())));
    }
    let places: Vec<_> =
        sent.headers.iter().enumerate().filter(|(_, (name, _))| name == "My-Header").map(|(at, _)| at).collect();
    if let [first, second] = places.as_slice() {
        alter(forged, sent, "values in another order", |sent| sent.headers.swap(*first, *second));
        alter(forged, sent, "space within a word", |sent| sent.headers[*first].1 = b"o ne".to_vec());
        alter(forged, sent, "no space between words", |sent| sent.headers[*second].1 = b"twowords".to_vec());
    }
}

fn alter_body(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    for more in [" ", "\n", "\0", "{}"] {
        alter(forged, sent, format!("body and {more:?}"), |sent| sent.body.extend(more.bytes()));
    }
    for at in (0..sent.body.len()).step_by(5) {
        alter(forged, sent, format!("a bit of byte {at}"), |sent| sent.body[at] ^= 1);
        alter(forged, sent, format!("body up to {at}"), |sent| sent.body.truncate(at));
    }
}

fn alter_keys_and_time(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    for secret in ["", "x", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEy", "AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"]
    {
        alter(forged, sent, format!("secret {secret}"), |sent| sent.secret = secret);
    }
    alter(forged, sent, "another token is known", |sent| sent.token = Some("b-token"));
    if sent.token.is_some() {
        alter(forged, sent, "no token is known", |sent| sent.token = None);
    }
    for seconds in [SKEW_SECONDS_MAX + 1, -SKEW_SECONDS_MAX - 1, 86_400, i64::MAX - NOW, i64::MIN + NOW] {
        alter(forged, sent, format!("{seconds} s later"), |sent| sent.now = NOW.saturating_add(seconds));
    }
    for service in Service::ALL.into_iter().filter(|service| *service != sent.service) {
        alter(forged, sent, format!("for {service}"), |sent| sent.service = service);
    }
}

fn alter_authorization(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    let text = sent.authorization();
    let mut change = |what: String, text: String| alter(forged, sent, what, |sent| sent.set("authorization", text));
    let signature = text.rsplit_once('=').unwrap().1;
    for at in 0..signature.len() {
        let mut altered = signature.to_owned().into_bytes();
        altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
        change(format!("digit {at}"), text.replace(signature, std::str::from_utf8(&altered).unwrap()));
    }
    for altered in
        [signature.to_uppercase(), signature[..62].to_owned(), format!("{signature}00"), "0".repeat(64), String::new()]
    {
        change(format!("signature {altered}"), text.replace(signature, &altered));
    }
    for (part, by) in [
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
        ("AWS4-HMAC-SHA256 ", ""),
        (ID, "AKIDEXAMPLF"),
        (ID, "akidexample"),
        ("20150830/", "20150831/"),
        ("us-east-1", "us-east-2"),
        ("us-east-1", "US-EAST-1"),
        ("aws4_request", "aws4_requests"),
        ("/aws4_request", "/aws4_request/"),
        ("/aws4_request", ""),
        ("host;", ""),
        ("SignedHeaders=", "SignedHeaders=a;"),
        ("SignedHeaders=", "SignedHeaders=zzz;"),
        ("host;", "host;host;"),
        ("host;", "Host;"),
        (";x-amz-date", ""),
        (", SignedHeaders", " SignedHeaders"),
        ("SignedHeaders", "signedheaders"),
        (", Signature", ", Extra=1, Signature"),
        (", Signature", ", Signature=0, Signature"),
        ("Credential=", "Credential"),
    ] {
        // The header names of the two requests differ, but every change must change something.
        let altered = text.replacen(part, by, 1);
        assert_ne!(altered, text, "{part}");
        change(format!("{part} becomes {by}"), altered);
    }
    alter(forged, sent, "without Authorization", |sent| sent.headers.retain(|(name, _)| name != "Authorization"));
    alter(forged, sent, "bearer", |sent| sent.set("authorization", "Bearer x"));
}

/// Signed with the right key, but for something else.
fn alter_scope(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    let mut bare = sent.clone();
    bare.headers.retain(|(name, _)| name != "Authorization");
    let scope = bare.scope();
    for scope in [
        Scope { day: "20150829".to_owned(), ..scope.clone() },
        Scope { region: "eu-west-1".to_owned(), ..scope.clone() },
        Scope { region: "us east".to_owned(), ..scope.clone() },
        Scope { service: "s3".to_owned(), ..scope.clone() },
        Scope { terminator: "aws5_request".to_owned(), ..scope.clone() },
        Scope { access_key_id: "NOBODY".to_owned(), ..scope.clone() },
    ] {
        forged.push((format!("signed for {scope:?}"), bare.clone().signed_with(SECRET, &scope)));
    }
    forged.push(("signed with another secret".to_owned(), bare.clone().signed_with("other", &scope)));
    for digest in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", "e3b0c44298fc1c14"] {
        let sent = bare.clone().with("X-Amz-Content-Sha256", digest).signed();
        forged.push((format!("signed with digest {digest}"), sent));
    }
    let sent = bare.clone().with("X-Amz-Security-Token", "made-up").signed();
    forged.push(("signed with a token that the key has not".to_owned(), sent));
    for date in ["20150830T123600", "2015-08-30T12:36:00Z", "20151330T123600Z", "20150830T250000Z", "", "yesterday"] {
        let mut sent = bare.clone();
        sent.set("x-amz-date", date);
        forged.push((format!("signed with the date {date}"), sent.signed()));
    }
}

fn alter_query_signature(sent: &Sent, forged: &mut Vec<(String, Sent)>) {
    let text = sent.query.clone();
    for (part, by) in [
        ("X-Amz-Expires=60", "X-Amz-Expires=61"),
        ("X-Amz-Expires=60", "X-Amz-Expires=0"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=60", "x-amz-expires=60"),
        ("&X-Amz-Expires=60", ""),
        ("X-Amz-Date=2015", "X-Amz-Date=2016"),
        ("SignedHeaders=host", "SignedHeaders=x"),
        ("SignedHeaders=host", "SignedHeaders="),
        ("SHA256", "SHA1"),
        ("us-east-1", "us-east-2"),
        ("a-token", "b-token"),
        ("&X-Amz-Security-Token=a-token", ""),
        ("GetCallerIdentity", "AssumeRole"),
        ("Action", "action"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Signature=", "X-Amz-Signature=&X-Amz-Signature="),
        ("&X-Amz-Signature", "&Signature"),
    ] {
        assert!(text.contains(part), "{part}");
        alter(forged, sent, format!("{part} becomes {by}"), |sent| sent.query = text.replacen(part, by, 1));
    }
    let at = text.find("X-Amz-Signature=").unwrap() + 16;
    for index in at..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[index] = if altered[index] == b'0' { b'1' } else { b'0' };
        alter(forged, sent, format!("digit {index}"), |sent| sent.query = String::from_utf8(altered).unwrap());
    }
    alter(forged, sent, "61 s later", |sent| sent.now = NOW + 61);
}

#[test]
fn refusals_are_told_in_awss_words() {
    let [states, scheduler, sts] = genuine();
    let told = |sent: &Sent| sent.verify().unwrap_err().to_string();
    let mut sent = states.clone();
    sent.headers.retain(|(name, _)| name != "Authorization");
    assert_eq!(told(&sent), "MissingAuthenticationTokenException: Request is missing Authentication Token");
    sent.headers.push(("Authorization".to_owned(), b"AWS4-HMAC-SHA256 SignedHeaders=host".to_vec()));
    sent.headers.retain(|(name, _)| name != "X-Amz-Date");
    assert_eq!(
        told(&sent),
        "IncompleteSignatureException: Authorization header requires 'Credential' parameter. Authorization header requires \
         'Signature' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
         Authorization=AWS4-HMAC-SHA256 SignedHeaders=host"
    );
    let late = Sent { now: NOW + 3600, ..states.clone() };
    assert_eq!(
        told(&late),
        "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than 20150830T132100Z \
         (20150830T133600Z - 15 min.)"
    );
    let early = Sent { now: NOW - 3600, ..sts.clone() };
    assert_eq!(
        told(&early),
        "SignatureDoesNotMatch: Signature not yet current: 20150830T123600Z is still later than 20150830T115100Z \
         (20150830T113600Z + 15 min.)"
    );
    let scope = Scope { region: "c".repeat(33), terminator: "e".to_owned(), day: "b".to_owned(), ..states.scope() };
    let bare = Sent::new(Service::Events, "POST", "/", "", "{}").signed_with(SECRET, &scope);
    assert_eq!(
        told(&bare),
        format!(
            "InvalidSignatureException: Credential should be scoped to a valid region, not '{}'. Credential should be scoped \
             to correct service: 'events'. Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. Date \
             in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20150830', from \
             '20150830T123600Z'.",
            "c".repeat(33)
        )
    );
    let unknown = Scope { access_key_id: "x".to_owned(), ..scheduler.scope() };
    let sent = Sent::new(Service::Scheduler, "GET", "/schedules", "", "").signed_with(SECRET, &unknown);
    assert_eq!(told(&sent), "UnrecognizedClientException: The security token included in the request is invalid.");
    assert!(
        told(&Sent { secret: "x", ..states })
            .starts_with("InvalidSignatureException: The request signature we calculated")
    );
}

#[test]
fn a_signature_covers_only_so_many_headers() {
    let with = |count: usize| {
        let sent = Sent::new(Service::States, "POST", "/", "", "{}");
        // Two are there already.
        (2..count).fold(sent, |sent, index| sent.with(&format!("h{index}"), "x")).signed()
    };
    assert!(with(SIGNED_HEADERS_MAX).verify().is_ok());
    assert!(with(SIGNED_HEADERS_MAX + 1).verify().is_err());
}

#[test]
fn a_presigned_request_is_valid_as_long_as_it_says() {
    let sent = |seconds| Sent::new(Service::Sts, "GET", "/", "Action=GetCallerIdentity", "").presigned(seconds);
    let at = |seconds, later| Sent { now: NOW + later, ..sent(seconds) }.verify().is_ok();
    assert!(at(PRESIGNED_SECONDS_MAX, PRESIGNED_SECONDS_MAX));
    assert!(!at(PRESIGNED_SECONDS_MAX, PRESIGNED_SECONDS_MAX + 1));
    assert!(!at(PRESIGNED_SECONDS_MAX + 1, 0));
    assert!(!at(0, 0));
}

#[test]
fn a_host_may_take_each_signature_once() {
    struct Once(std::sync::Mutex<std::collections::BTreeMap<String, i64>>);
    impl Replays for Once {
        fn is_first(&self, signature: &str, until: i64) -> bool {
            self.0.lock().unwrap().insert(signature.to_owned(), until).is_none()
        }
    }
    let once = Once(std::sync::Mutex::default());
    let [sent, _, _] = genuine();
    let rules = Rules { keys: &sent, now: NOW, region: None, replays: Some(&once) };
    let again = || sent.parts(|request| verify(request, Service::States, &rules));
    assert!(again().is_ok());
    assert!(again().unwrap_err().message().contains("used before"));
    assert_eq!(once.0.lock().unwrap().values().copied().collect::<Vec<_>>(), [NOW + SKEW_SECONDS_MAX]);
}

#[test]
fn a_caller_without_keys_is_who_it_says() {
    let usual = Caller { account: "000000000000".to_owned(), region: "us-east-1".to_owned(), access_key_id: None };
    let bare = Sent::new(Service::States, "POST", "/", "", "");
    assert_eq!(bare.parts(|request| claimed(request, &usual)), usual);
    let scope = Scope { access_key_id: "123456789012".to_owned(), region: "e u".to_owned(), ..bare.scope() };
    let caller = bare.signed_with("any", &scope).parts(|request| claimed(request, &usual));
    assert_eq!((caller.account.as_str(), caller.region.as_str()), ("123456789012", "us-east-1"));
}

#[test]
fn a_refusal_repeats_only_so_much() {
    let long = "ü".repeat(REFUSAL_CHARS_MAX);
    for value in
        [format!("AWS4-HMAC-SHA256 {long}"), format!("AWS4-HMAC-SHA256 Credential={long}"), format!("AWS4-{long}")]
    {
        let sent = Sent::new(Service::States, "POST", "/", "", "").with("Authorization", &value);
        assert_eq!(sent.verify().unwrap_err().message().chars().count(), REFUSAL_CHARS_MAX);
    }
}
