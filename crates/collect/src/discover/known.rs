//! Where gateways and exporters show their metrics by default, and how their pages are told apart.

/// How an endpoint is collected once it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It is a metrics page.
    Scrape,
    /// It is nginx's own status text.
    StubStatus,
}

/// A place to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) port: u16,
    pub(crate) path: &'static str,
    /// What may be there.
    pub(crate) products: &'static [Product],
}

/// A product and a text that only its pages hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) kind: &'static str,
    pub(crate) mark: &'static str,
    pub(crate) how: How,
}

const fn page(kind: &'static str, mark: &'static str) -> Product {
    Product { kind, mark, how: How::Scrape }
}

const TRAEFIK: Product = page("traefik", "traefik_");
const CADDY: Product = page("caddy", "caddy_");
const HAPROXY: Product = page("haproxy", "haproxy_");
const ENVOY: Product = page("envoy", "envoy_");
const NGINX_EXPORTER: Product = page("nginx", "nginx_up");
const NODE_EXPORTER: Product = page("node_exporter", "node_exporter_build_info");
const CADVISOR: Product = page("cadvisor", "cadvisor_version_info");
const STUB_STATUS: Product = Product { kind: "nginx_stub_status", mark: "Active connections:", how: How::StubStatus };

/// Every place, each asked once a round.
pub(crate) const PLACES: &[Place] = &[
    Place { port: 8080, path: "/metrics", products: &[TRAEFIK, CADVISOR] },
    Place { port: 8082, path: "/metrics", products: &[TRAEFIK] },
    Place { port: 2019, path: "/metrics", products: &[CADDY] },
    Place { port: 8404, path: "/metrics", products: &[HAPROXY] },
    Place { port: 8405, path: "/metrics", products: &[HAPROXY] },
    Place { port: 9901, path: "/stats/prometheus", products: &[ENVOY] },
    Place { port: 9113, path: "/metrics", products: &[NGINX_EXPORTER] },
    Place { port: 9100, path: "/metrics", products: &[NODE_EXPORTER] },
    Place { port: 80, path: "/stub_status", products: &[STUB_STATUS] },
    Place { port: 80, path: "/nginx_status", products: &[STUB_STATUS] },
    Place { port: 8080, path: "/stub_status", products: &[STUB_STATUS] },
];

/// Texts of which one stands on every page of our own, which is never offered to ourselves.
const OWN_MARKS: [&str; 2] = ["gatewatch_", "revision=\"gatewatch\""];

impl Place {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Stable over restarts, and readable.
    pub(crate) fn id(&self, product: &Product) -> String {
        let path = self.path.trim_matches('/').replace('/', "-");
        format!("{}-{}-{path}", product.kind, self.port)
    }

    /// Whose page a text is.
    pub(crate) fn recognise(&self, text: &str) -> Option<&'static Product> {
        if OWN_MARKS.iter().any(|mark| text.contains(mark)) {
            return None;
        }
        self.products.iter().find(|product| text.contains(product.mark))
    }
}

/// Place and product of an id.
pub(crate) fn by_id(id: &str) -> Option<(&'static Place, &'static Product)> {
    PLACES
        .iter()
        .find_map(|place| place.products.iter().find(|product| place.id(product) == id).map(|product| (place, product)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_and_found_again() {
        let mut ids: Vec<String> =
            PLACES.iter().flat_map(|place| place.products.iter().map(|product| place.id(product))).collect();
        assert!(ids.iter().all(|id| by_id(id).is_some()));
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn pages_are_told_apart_and_our_own_are_not_offered() {
        let page = |text: &str| PLACES[0].recognise(text).map(|product| product.kind);
        assert_eq!(page("traefik_config_reloads_total 1"), Some("traefik"));
        assert_eq!(page("cadvisor_version_info{} 1"), Some("cadvisor"));
        assert_eq!(page("go_goroutines 1"), None);
        assert_eq!(page("traefik_open_connections 1\ngatewatch_build_info 1"), None);
    }
}
