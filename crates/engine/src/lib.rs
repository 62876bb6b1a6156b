//! Run plans over store snapshots, with limits, cancellation and statistics.
