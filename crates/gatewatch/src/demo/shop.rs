//! The shop: its services, what each request does in them, and what customers look for.

/// A service of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Storefront,
    Catalog,
    Cart,
    Payment,
    Inventory,
    User,
}

impl Service {
    pub(super) const ALL: [Self; 6] =
        [Self::Storefront, Self::Catalog, Self::Cart, Self::Payment, Self::Inventory, Self::User];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Catalog => "catalog",
            Self::Cart => "cart",
            Self::Payment => "payment",
            Self::Inventory => "inventory",
            Self::User => "user",
        }
    }

    /// Where the gateway finds it.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Storefront => "10.20.0.11:8080",
            Self::Catalog => "10.20.0.12:8080",
            Self::Cart => "10.20.0.13:8080",
            Self::Payment => "10.20.0.14:8080",
            Self::Inventory => "10.20.0.15:8080",
            Self::User => "10.20.0.16:8080",
        }
    }
}

/// What a service does for one request.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) service: Service,
    pub(super) method: &'static str,
    pub(super) route: &'static str,
    pub(super) steps: &'static [Step],
}

/// One thing that an operation does, after the one before it.
#[derive(Debug)]
pub(super) enum Step {
    /// Thinks for so many milliseconds.
    Work(f64),
    /// Asks the database: statement summary, milliseconds.
    Query(&'static str, f64),
    /// Asks another service.
    Call(&'static Operation),
    /// Asks the card company for so many milliseconds.
    Bank(f64),
}

/// A request from outside: the gateway's router for it, how often it comes, and what it does.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) weight: usize,
    pub(super) operation: &'static Operation,
    /// The path as customers write it; `{}` is replaced by an item.
    pub(super) path: &'static str,
    /// Bytes of a usual answer.
    pub(super) bytes: u64,
}

static STOCK: Operation = Operation {
    service: Service::Inventory,
    method: "GET",
    route: "/stock/{sku}",
    steps: &[Step::Work(0.6), Step::Query("SELECT shop.stock", 1.8)],
};
static RESERVE: Operation = Operation {
    service: Service::Inventory,
    method: "POST",
    route: "/stock/{sku}/reserve",
    steps: &[Step::Work(0.8), Step::Query("UPDATE shop.stock", 3.5)],
};
static TOP: Operation = Operation {
    service: Service::Catalog,
    method: "GET",
    route: "/products/top",
    steps: &[Step::Work(1.2), Step::Query("SELECT shop.products", 4.0)],
};
static WHO: Operation = Operation {
    service: Service::User,
    method: "GET",
    route: "/sessions/{id}",
    steps: &[Step::Work(0.4), Step::Query("SELECT shop.sessions", 0.9)],
};
static CART_OF: Operation = Operation {
    service: Service::Cart,
    method: "GET",
    route: "/cart/{id}",
    steps: &[Step::Work(1.0), Step::Query("SELECT shop.carts", 1.6)],
};
static HOME: Operation = Operation {
    service: Service::Storefront,
    method: "GET",
    route: "/",
    steps: &[Step::Work(2.0), Step::Call(&WHO), Step::Call(&TOP), Step::Work(3.0)],
};
static ASSET: Operation =
    Operation { service: Service::Storefront, method: "GET", route: "/static/{file}", steps: &[Step::Work(0.5)] };
static PRODUCT: Operation = Operation {
    service: Service::Catalog,
    method: "GET",
    route: "/products/{sku}",
    steps: &[Step::Work(1.0), Step::Query("SELECT shop.products", 2.2), Step::Call(&STOCK), Step::Work(1.5)],
};
static SEARCH: Operation = Operation {
    service: Service::Catalog,
    method: "GET",
    route: "/search",
    steps: &[Step::Work(2.5), Step::Query("SELECT shop.products", 14.0), Step::Work(2.0)],
};
static ADD: Operation = Operation {
    service: Service::Cart,
    method: "POST",
    route: "/cart/items",
    steps: &[Step::Work(1.2), Step::Call(&STOCK), Step::Query("INSERT shop.cart_items", 2.6)],
};
static CART: Operation = Operation {
    service: Service::Cart,
    method: "GET",
    route: "/cart",
    steps: &[Step::Call(&WHO), Step::Work(1.4), Step::Query("SELECT shop.carts", 1.9)],
};
static CHECKOUT: Operation = Operation {
    service: Service::Payment,
    method: "POST",
    route: "/checkout",
    steps: &[
        Step::Call(&WHO),
        Step::Call(&CART_OF),
        Step::Call(&RESERVE),
        Step::Bank(85.0),
        Step::Query("INSERT shop.orders", 4.4),
        Step::Work(2.0),
    ],
};
static LOGIN: Operation = Operation {
    service: Service::User,
    method: "POST",
    route: "/login",
    steps: &[Step::Query("SELECT shop.users", 1.4), Step::Work(38.0), Step::Query("INSERT shop.sessions", 1.8)],
};
static ME: Operation = Operation {
    service: Service::User,
    method: "GET",
    route: "/me",
    steps: &[Step::Work(0.6), Step::Query("SELECT shop.users", 1.2)],
};

/// What customers ask for.
pub(super) static ENTRIES: &[Entry] = &[
    Entry { weight: 22, operation: &HOME, path: "/", bytes: 18_400 },
    Entry { weight: 26, operation: &ASSET, path: "/static/app.{}.js", bytes: 42_000 },
    Entry { weight: 24, operation: &PRODUCT, path: "/products/{}", bytes: 6_200 },
    Entry { weight: 10, operation: &SEARCH, path: "/search?q={}", bytes: 9_800 },
    Entry { weight: 7, operation: &ADD, path: "/cart/items", bytes: 310 },
    Entry { weight: 6, operation: &CART, path: "/cart", bytes: 1_900 },
    Entry { weight: 3, operation: &CHECKOUT, path: "/checkout", bytes: 640 },
    Entry { weight: 3, operation: &LOGIN, path: "/login", bytes: 420 },
    Entry { weight: 4, operation: &ME, path: "/me", bytes: 780 },
];

/// Products on sale: stock keeping unit and name.
pub(super) const PRODUCTS: [(&str, &str); 12] = [
    ("HB-1001", "한라봉 선물세트 5kg"),
    ("GM-2040", "광천 재래김 100매"),
    ("HW-3303", "횡성 한우 등심 600g"),
    ("SC-1180", "순창 전통 고추장 1kg"),
    ("DJ-4021", "담양 대나무 도마"),
    ("IC-5007", "이천 도자기 머그컵"),
    ("BS-6112", "보성 녹차 세작 80g"),
    ("YK-7200", "영광 굴비 10마리"),
    ("JJ-8805", "전주 한지 노트"),
    ("AD-9013", "안동 간고등어 4손"),
    ("TY-1417", "통영 누비 파우치"),
    ("GH-3390", "강화 속노랑고구마 3kg"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_used() {
        fn walk(operation: &Operation, seen: &mut Vec<Service>) {
            seen.push(operation.service);
            for step in operation.steps {
                if let Step::Call(other) = step {
                    walk(other, seen);
                }
            }
        }
        let mut seen = Vec::new();
        ENTRIES.iter().for_each(|entry| walk(entry.operation, &mut seen));
        assert!(Service::ALL.iter().all(|service| seen.contains(service)));
    }
}
