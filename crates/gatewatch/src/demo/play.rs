//! Plays one request through the shop: who calls whom, how long it takes, what is logged, what fails.

use gw_base::{SpanId, TraceId};
use gw_batch::{SpanKind, Value};

use super::faults::Fault;
use super::random::Random;
use super::shop::{Entry, Operation, PRODUCTS, Service, Step};

const MILLI: f64 = 1e6;
/// Time on the wire between two services, milliseconds.
const HOP: f64 = 0.35;
/// From here on a service says that a query was slow, milliseconds.
const SLOW_QUERY: f64 = 400.0;

/// How things are while a request runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    pub(super) fault: Option<Fault>,
    /// The cart was killed and is starting again.
    pub(super) cart_down: bool,
}

/// One request, played to its end. Times are nanoseconds since the request began.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) entry: &'static Entry,
    pub(super) path: String,
    pub(super) client: String,
    pub(super) agent: &'static str,
    pub(super) trace: TraceId,
    pub(super) root: SpanId,
    pub(super) status: u16,
    pub(super) duration: i64,
    /// Time until the service had answered, without the gateway's own.
    pub(super) origin: i64,
    pub(super) spans: Vec<Span>,
    pub(super) lines: Vec<Line>,
    pub(super) calls: Vec<Call>,
}

/// A span of a service or of the gateway.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) service: &'static str,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) error: Option<String>,
    pub(super) attributes: Vec<(&'static str, Value<'static>)>,
}

/// A line that a service logs.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) service: &'static str,
    pub(super) at: i64,
    pub(super) severity: Severity,
    pub(super) text: String,
    pub(super) span: SpanId,
}

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Info,
    Warn,
    Error,
}

/// What a service's own metrics count.
#[derive(Debug)]
pub(super) enum Call {
    /// It served a request.
    Served { operation: &'static Operation, status: u16, seconds: f64 },
    /// It asked the database.
    Queried { service: Service, statement: &'static str, seconds: f64 },
}

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36",
    "shop-app/4.2 (android)",
];

/// Plays a request from outside.
pub(super) fn play(entry: &'static Entry, random: &mut Random, weather: Weather) -> Exchange {
    let product = random.below(PRODUCTS.len());
    let mut scene = Scene {
        weather,
        product,
        customer: random.below(4000),
        absent: random.chance(0.012),
        spans: Vec::new(),
        lines: Vec::new(),
        calls: Vec::new(),
        random,
    };
    let root = scene.id();
    let trace = TraceId((u128::from(scene.random.bits()) << 64 | u128::from(scene.random.bits())).to_be_bytes());
    let path = entry.path.replace("{}", &scene.item(entry));
    let begin = scene.later(0, 0.4);
    let (end, status) = scene.reach(entry.operation, root, begin);
    let duration = scene.later(end, 0.3);
    scene.spans.push(Span {
        service: "traefik",
        name: format!("{} {}", entry.operation.method, entry.operation.route),
        kind: SpanKind::Server,
        id: root,
        parent: None,
        start: 0,
        end: duration,
        error: (status >= 500).then(|| format!("service answered {status}")),
        attributes: vec![
            ("entry_point", Value::text("websecure")),
            ("traefik.router.name", Value::Text(format!("{}@docker", entry.operation.service.name()).into())),
            ("http.request.method", Value::text(entry.operation.method)),
            ("url.path", Value::Text(path.clone().into())),
            ("http.response.status_code", Value::Int(i64::from(status))),
            ("server.address", Value::text("shop.example")),
        ],
    });
    let client = format!("203.0.{}.{}", 113 + scene.customer / 1000, scene.customer % 250 + 1);
    let agent = AGENTS[scene.customer % AGENTS.len()];
    let Scene { spans, lines, calls, .. } = scene;
    Exchange { entry, path, client, agent, trace, root, status, duration, origin: end - begin, spans, lines, calls }
}

/// A request while it runs.
struct Scene<'a> {
    random: &'a mut Random,
    weather: Weather,
    product: usize,
    customer: usize,
    /// The customer asks for something that is not there.
    absent: bool,
    spans: Vec<Span>,
    lines: Vec<Line>,
    calls: Vec<Call>,
}

impl Scene<'_> {
    fn id(&mut self) -> SpanId {
        SpanId((self.random.bits() | 1).to_be_bytes())
    }

    fn later(&mut self, at: i64, millis: f64) -> i64 {
        at + (self.random.latency(millis) * MILLI) as i64
    }

    fn item(&self, entry: &Entry) -> String {
        match entry.operation.route {
            "/search" => PRODUCTS[self.product].1.split(' ').next().unwrap_or_default().to_owned(),
            "/static/{file}" => format!("{:06x}", self.product * 0x9_1f3d),
            _ if self.absent => format!("ZZ-{:04}", self.customer),
            _ => PRODUCTS[self.product].0.to_owned(),
        }
    }

    /// The way to a service and back; a service that is down answers nothing.
    fn reach(&mut self, operation: &'static Operation, parent: SpanId, at: i64) -> (i64, u16) {
        let id = self.id();
        let caller = self.service_of(parent);
        let arrived = self.later(at, HOP);
        let down = operation.service == Service::Cart && self.weather.cart_down;
        let (answered, status) = if down { (arrived, 502) } else { self.serve(operation, id, arrived) };
        let end = self.later(answered, HOP);
        let error = down.then(|| format!("dial tcp {}: connect: connection refused", operation.service.address()));
        self.spans.push(Span {
            service: caller,
            name: format!("{} {}", operation.method, operation.service.name()),
            kind: SpanKind::Client,
            id,
            parent: Some(parent),
            start: at,
            end,
            error: error.or_else(|| (status >= 500).then(|| format!("{} answered {status}", operation.service.name()))),
            attributes: vec![
                ("http.request.method", Value::text(operation.method)),
                ("server.address", Value::text(operation.service.name())),
                ("http.response.status_code", Value::Int(i64::from(status))),
            ],
        });
        (end, status)
    }

    /// Whose client span a call under `parent` is. Server spans are recorded when they begin; the gateway's own is not.
    fn service_of(&self, parent: SpanId) -> &'static str {
        self.spans.iter().rev().find(|span| span.id == parent).map_or("traefik", |span| span.service)
    }

    fn serve(&mut self, operation: &'static Operation, parent: SpanId, arrived: i64) -> (i64, u16) {
        let id = self.id();
        let service = operation.service.name();
        let place = self.spans.len();
        // Open now, so that calls below know whose they are; closed at the end.
        self.spans.push(Span {
            service,
            name: format!("{} {}", operation.method, operation.route),
            kind: SpanKind::Server,
            id,
            parent: Some(parent),
            start: arrived,
            end: arrived,
            error: None,
            attributes: Vec::new(),
        });
        let (mut at, mut status) = (arrived, self.usual_status(operation));
        for step in operation.steps {
            let failed;
            (at, failed) = self.step(operation, step, id, at);
            if let Some(failed) = failed {
                status = failed;
                break;
            }
        }
        let error = (status >= 500).then(|| format!("{} {} failed with {status}", operation.method, operation.route));
        let span = &mut self.spans[place];
        span.end = at;
        span.error = error;
        span.attributes = vec![
            ("http.request.method", Value::text(operation.method)),
            ("http.route", Value::text(operation.route)),
            ("http.response.status_code", Value::Int(i64::from(status))),
        ];
        self.calls.push(Call::Served { operation, status, seconds: (at - arrived) as f64 / 1e9 });
        self.remark(operation, id, at, status);
        (at, status)
    }

    fn usual_status(&mut self, operation: &Operation) -> u16 {
        match operation.route {
            "/products/{sku}" if self.absent => 404,
            "/login" if self.random.chance(0.08) => 401,
            "/static/{file}" if self.random.chance(0.4) => 304,
            "/cart/items" | "/login" => 201,
            _ => 200,
        }
    }

    fn step(&mut self, operation: &Operation, step: &'static Step, parent: SpanId, at: i64) -> (i64, Option<u16>) {
        match step {
            Step::Work(millis) => (self.later(at, *millis), None),
            Step::Query(statement, millis) => (self.query(operation.service, (statement, *millis), parent, at), None),
            Step::Call(other) => {
                let (end, status) = self.reach(other, parent, at);
                (end, (status >= 500).then_some(502))
            }
            Step::Bank(millis) => self.bank(*millis, parent, at),
        }
    }

    fn query(&mut self, service: Service, (statement, millis): (&'static str, f64), parent: SpanId, at: i64) -> i64 {
        let slow = if self.weather.fault == Some(Fault::SlowDatabase) { 20.0 } else { 1.0 };
        let end = self.later(at, millis * slow + 2.0 * (slow - 1.0));
        let id = self.id();
        let took = (end - at) as f64 / MILLI;
        self.spans.push(Span {
            service: service.name(),
            name: statement.to_owned(),
            kind: SpanKind::Client,
            id,
            parent: Some(parent),
            start: at,
            end,
            error: None,
            attributes: vec![
                ("db.system.name", Value::text("postgresql")),
                ("db.namespace", Value::text("shop")),
                ("db.query.summary", Value::text(statement)),
                ("server.address", Value::text("database")),
            ],
        });
        self.calls.push(Call::Queried { service, statement, seconds: took / 1000.0 });
        if took > SLOW_QUERY {
            let text = format!("slow query took {took:.0} ms: {statement}");
            self.lines.push(Line { service: service.name(), at: end, severity: Severity::Warn, text, span: id });
        }
        end
    }

    fn bank(&mut self, millis: f64, parent: SpanId, at: i64) -> (i64, Option<u16>) {
        let refused = self.weather.fault == Some(Fault::PaymentErrors) && self.random.chance(0.55);
        let end = self.later(at, if refused { 900.0 } else { millis });
        let id = self.id();
        self.spans.push(Span {
            service: Service::Payment.name(),
            name: "POST card-company".to_owned(),
            kind: SpanKind::Client,
            id,
            parent: Some(parent),
            start: at,
            end,
            error: refused.then(|| "card company did not answer in time".to_owned()),
            attributes: vec![
                ("http.request.method", Value::text("POST")),
                ("server.address", Value::text("api.card.example")),
            ],
        });
        (end, refused.then_some(500))
    }

    /// What the service says about a request that it has served.
    fn remark(&mut self, operation: &Operation, span: SpanId, at: i64, status: u16) {
        let (sku, product) = PRODUCTS[self.product];
        let customer = self.customer;
        let (severity, text) = match (operation.route, status) {
            ("/checkout", 500..) => {
                (Severity::Error, format!("결제 승인 실패: 카드사 응답 없음 customer={customer} sku={sku}"))
            }
            ("/checkout", _) => (Severity::Info, format!("주문 완료: {product} customer={customer} sku={sku}")),
            (route, 500..) => (Severity::Error, format!("{route} failed: a service behind it did not answer")),
            ("/products/{sku}", 404) => (Severity::Warn, format!("상품을 찾을 수 없음 sku=ZZ-{customer:04}")),
            ("/products/{sku}", _) => (Severity::Info, format!("상품 조회: {product} sku={sku}")),
            ("/search", _) => (Severity::Info, format!("검색: \"{product}\" hits={}", self.product % 7 + 1)),
            ("/cart/items", _) => (Severity::Info, format!("장바구니 담기: {product} customer={customer}")),
            ("/login", 401) => (Severity::Warn, format!("로그인 실패: 비밀번호 불일치 customer={customer}")),
            ("/login", _) => (Severity::Info, format!("로그인 customer={customer}")),
            _ => return,
        };
        self.lines.push(Line { service: operation.service.name(), at, severity, text, span });
    }
}

#[cfg(test)]
mod tests {
    use super::super::shop::ENTRIES;
    use super::*;

    fn many(weather: Weather) -> Vec<Exchange> {
        let mut random = Random::new(5);
        (0..400).map(|i| play(&ENTRIES[i % ENTRIES.len()], &mut random, weather)).collect()
    }

    #[test]
    fn spans_hang_together() {
        for exchange in many(Weather::default()) {
            for span in &exchange.spans {
                assert!(span.start <= span.end && span.end <= exchange.duration);
                match span.parent {
                    Some(parent) => {
                        let parent = exchange.spans.iter().find(|other| other.id == parent).unwrap();
                        assert!(
                            parent.start <= span.start && span.end <= parent.end,
                            "{} in {}",
                            span.name,
                            parent.name
                        );
                    }
                    None => assert_eq!(span.id, exchange.root),
                }
            }
        }
    }

    #[test]
    fn faults_are_felt() {
        let failed = |weather| many(weather).iter().filter(|exchange| exchange.status >= 500).count();
        let slowest = |weather| many(weather).iter().map(|exchange| exchange.duration).max().unwrap();
        let calm = Weather::default();
        assert_eq!(failed(calm), 0);
        assert!(failed(Weather { fault: Some(Fault::PaymentErrors), ..calm }) > 10);
        assert!(failed(Weather { cart_down: true, ..calm }) > 50);
        assert!(slowest(Weather { fault: Some(Fault::SlowDatabase), ..calm }) > 2 * slowest(calm));
    }
}
