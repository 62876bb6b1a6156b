//! Room: node_exporter (port 1007).
