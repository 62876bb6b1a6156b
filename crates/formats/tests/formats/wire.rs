//! Protobuf and Thrift bodies as clients make them, for tests.

use gw_formats::protobuf::MessageWriter;

/// A remote-write request with floats, an exemplar, an integer histogram and metadata.
pub(crate) fn remote_write() -> MessageWriter {
    let mut request = MessageWriter::default();
    let label = |writer: &mut MessageWriter, name: &str, value: &str| {
        writer.message(1, |label| {
            label.text(1, name).text(2, value);
        });
    };
    request.message(1, |series| {
        label(series, "__name__", "requests_total");
        label(series, "job", "shop");
        for (value, millis) in [(1.5, 1000), (f64::from_bits(gw_batch::STALE_NAN_BITS), 2000)] {
            series.message(2, |sample| {
                sample.double(1, value).varint(2, millis);
            });
        }
        series.message(3, |exemplar| {
            label(exemplar, "trace_id", "abc");
            exemplar.double(2, 0.5).varint(3, 1500);
        });
    });
    request.message(1, |series| {
        label(series, "__name__", "latency");
        series.message(4, |histogram| {
            histogram.varint(1, 6).double(3, 12.5).sint64(4, 3).double(5, 0.001).varint(6, 1);
            histogram.message(11, |span| {
                span.sint64(1, -2).varint(2, 2);
            });
            histogram.sint64(12, 2).sint64(12, 1).varint(14, 2).varint(15, 3000);
        });
    });
    request.message(1, |series| {
        label(series, "job", "nameless");
        series.message(2, |sample| {
            sample.double(1, 1.0).varint(2, 1000);
        });
    });
    request.message(3, |metadata| {
        metadata.varint(1, 1).text(2, "requests_total").text(4, "All requests.").text(5, "requests");
    });
    request
}

/// A Loki push of one stream with structured metadata, and one with a wrong label text.
pub(crate) fn loki_push() -> MessageWriter {
    let mut request = MessageWriter::default();
    let entry = |stream: &mut MessageWriter, line: &str| {
        stream.message(2, |entry| {
            entry.message(1, |time| {
                time.varint(1, 1_570_818_238).varint(2, 5);
            });
            entry.text(2, line).message(3, |pair| {
                pair.text(1, "trace_id").text(2, "0af7651916cd43dd8448eb211c80319c");
            });
        });
    };
    request.message(1, |stream| {
        stream.text(1, "{ \"foo\"=\"bar2\",      \"environment\"=\"prod\"   }");
        entry(stream, "fizzbuzz level=warn");
    });
    request.message(1, |stream| {
        stream.text(1, "{foo=}");
        entry(stream, "lost");
    });
    request
}

/// A Thrift struct under construction.
#[derive(Default)]
pub(crate) struct Thrift(Vec<u8>);

impl Thrift {
    fn head(&mut self, kind: u8, id: i16) -> &mut Self {
        self.0.push(kind);
        self.0.extend_from_slice(&id.to_be_bytes());
        self
    }

    pub(crate) fn i32(&mut self, id: i16, value: i32) -> &mut Self {
        self.head(8, id).0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn i64(&mut self, id: i16, value: i64) -> &mut Self {
        self.head(10, id).0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn double(&mut self, id: i16, value: f64) -> &mut Self {
        self.head(4, id).0.extend_from_slice(&value.to_bits().to_be_bytes());
        self
    }

    pub(crate) fn bool(&mut self, id: i16, value: bool) -> &mut Self {
        self.head(2, id).0.push(u8::from(value));
        self
    }

    pub(crate) fn bytes(&mut self, id: i16, value: &[u8]) -> &mut Self {
        self.head(11, id).0.extend_from_slice(&(value.len() as u32).to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn structure(&mut self, id: i16, inner: &Self) -> &mut Self {
        self.head(12, id).0.extend_from_slice(&inner.0);
        self.0.push(0);
        self
    }

    pub(crate) fn structs(&mut self, id: i16, items: &[Self]) -> &mut Self {
        self.head(15, id).0.push(12);
        self.0.extend_from_slice(&(items.len() as u32).to_be_bytes());
        for item in items {
            self.0.extend_from_slice(&item.0);
            self.0.push(0);
        }
        self
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push(0);
        self.0
    }
}

fn made(fill: impl FnOnce(&mut Thrift)) -> Thrift {
    let mut thrift = Thrift::default();
    fill(&mut thrift);
    thrift
}

/// A tag of each type.
fn tags() -> Vec<Thrift> {
    let tag = |key: &'static str, kind| {
        made(|tag| {
            tag.bytes(1, key.as_bytes()).i32(2, kind);
        })
    };
    let mut tags = vec![tag("span.kind", 0), tag("d", 1), tag("error", 2), tag("l", 3), tag("b", 4)];
    tags[0].bytes(3, b"server");
    tags[1].double(4, 0.5);
    tags[2].bool(5, true);
    tags[3].i64(6, i64::MAX);
    tags[4].bytes(7, &[0xFF, 0]);
    tags
}

/// A Jaeger batch of one span with tags, a log, and references into its own and another trace.
pub(crate) fn jaeger_batch() -> Vec<u8> {
    let reference = |kind, trace, span| {
        made(|reference| {
            reference.i32(1, kind).i64(2, trace).i64(3, 0).i64(4, span);
        })
    };
    let log = made(|log| {
        let field = made(|tag| {
            tag.bytes(1, b"event").i32(2, 0).bytes(3, b"retry");
        });
        log.i64(1, 1_485_467_191_639_875).structs(2, &[field]);
    });
    let span = made(|span| {
        span.i64(1, 5_951_113_872_249_657_919).i64(2, 0).i64(3, 6_585_752).i64(4, 6_866_147).bytes(5, b"get");
        span.structs(6, &[reference(0, 5_951_113_872_249_657_919, 6_866_147), reference(1, 1, 2)]);
        span.i32(7, 1).i64(8, 1_485_467_191_639_875).i64(9, 22_938).structs(10, &tags()).structs(11, &[log]);
    });
    let process = made(|process| {
        process.bytes(1, b"api").structs(2, &tags()[3..4]);
    });
    let mut batch = Thrift::default();
    batch.structs(2, &[span]).structure(1, &process).i64(3, 7);
    batch.finish()
}
