//! Zipkin's shared span ids, undone: client and server of one call have one id there, which Jaeger's trees cannot show.

use gw_base::SpanId;
use gw_base::labels::hash_bytes;
use gw_batch::{SpanKind, SpanRow, SpanSource};

/// Gives each server span that shares its id with a client span an id of its own, makes it the client's child, and moves the
/// spans below it along (upstream's span id uniquifier).
pub(crate) fn separate(spans: &mut [SpanRow<'_>]) {
    let is_half = |span: &SpanRow<'_>, kind| span.source == SpanSource::Zipkin && span.kind == kind;
    let clients: Vec<SpanId> =
        spans.iter().filter(|span| is_half(span, SpanKind::Client)).map(|span| span.span).collect();
    let mut moved: Vec<(SpanId, SpanId, &str)> = Vec::new();
    for span in spans.iter_mut().filter(|span| is_half(span, SpanKind::Server) && clients.contains(&span.span)) {
        let own = own_id(span);
        moved.push((span.span, own, span.service));
        span.parent = Some(span.span);
        span.span = own;
    }
    for span in spans.iter_mut() {
        let Some(parent) = span.parent else { continue };
        let below =
            moved.iter().find(|(old, own, service)| *old == parent && *own != span.span && *service == span.service);
        if let Some((_, own, _)) = below {
            span.parent = Some(*own);
        }
    }
}

/// An id that is the same whenever the trace is asked for.
fn own_id(span: &SpanRow<'_>) -> SpanId {
    let mut bytes = span.span.0.to_vec();
    bytes.extend_from_slice(span.service.as_bytes());
    SpanId(hash_bytes(&bytes).max(1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_half_moves_below_the_client_half() {
        let zipkin = |id: u8, parent: Option<u8>, kind, service| SpanRow {
            span: SpanId([id; 8]),
            parent: parent.map(|id| SpanId([id; 8])),
            kind,
            service,
            source: SpanSource::Zipkin,
            ..SpanRow::default()
        };
        let mut spans = [
            zipkin(1, None, SpanKind::Client, "web"),
            zipkin(1, None, SpanKind::Server, "shop"),
            zipkin(2, Some(1), SpanKind::Client, "shop"),
        ];
        separate(&mut spans);
        assert_ne!(spans[1].span, spans[0].span);
        assert_eq!((spans[1].parent, spans[2].parent), (Some(spans[0].span), Some(spans[1].span)));
    }
}
