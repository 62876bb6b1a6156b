//! LogQL to the algebra.
