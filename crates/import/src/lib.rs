//! Translate the originals' configuration files into ours.
