//! Log queries.

use std::sync::Arc;

use gw_base::{Kind, TimeRange};
use gw_batch::{Answer, Direction, QueryError};
use gw_plan::logs::{LogWindow, Pipeline};

use crate::exec::{MatrixStream, Operator, once};
use crate::run::Run;

/// Windows of lines.
#[derive(Debug)]
pub(crate) struct LogWindowScan(#[expect(dead_code)] LogWindow);

impl LogWindowScan {
    pub(crate) fn new(window: LogWindow) -> Result<Self, QueryError> {
        Ok(Self(window))
    }
}

impl Operator for LogWindowScan {
    fn name(&self) -> &'static str {
        "LogWindow"
    }

    fn run(&self, _: Vec<MatrixStream>, _: &Arc<Run>) -> MatrixStream {
        once(async { Err(QueryError::execute(Kind::Internal, "log windows are not wired yet")) })
    }
}

/// Lines.
pub(crate) async fn lines(
    _: Pipeline,
    _: TimeRange,
    _: (Direction, Option<usize>),
    _: Arc<Run>,
) -> Result<Answer, QueryError> {
    Err(QueryError::execute(Kind::Internal, "log lines are not wired yet"))
}
