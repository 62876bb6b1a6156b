//! The way of uploads: decode with a format, hand to the intake, say what was kept and what was not.

use gw_base::{HasKind, Kind, Tenant};
use gw_batch::{MetricCounts, Refusal};
use gw_formats::{DecodeContext, Decoded, Format, FormatError};
use gw_intake::IntakeError;

use crate::{Services, Upload};

/// Bodies from this size on are decoded away from the reactor.
const LARGE_BODY_BYTES: usize = 32 << 10;

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Rows that are durable.
    pub rows: u64,
    /// Rows left out, by reason; the decoder's first, then the intake's.
    pub refused: Vec<Refusal>,
    /// Of metrics, what the durable rows are.
    pub written: MetricCounts,
}

impl Ingested {
    /// Rows left out.
    #[must_use]
    pub fn refused_rows(&self) -> u64 {
        self.refused.iter().map(|refusal| refusal.rows).sum()
    }

    /// All reasons in one line; `None` when nothing was left out.
    #[must_use]
    pub fn refusal_message(&self) -> Option<String> {
        let messages: Vec<String> = self.refused.iter().map(Refusal::to_string).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }
}

/// Why nothing of an upload was kept.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The body is not what the format says.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The intake took none of it.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// Decoding broke down.
    #[error("decoding the body failed unexpectedly")]
    Broken,
}

impl HasKind for IngestError {
    fn kind(&self) -> Kind {
        match self {
            Self::Format(error) => error.kind(),
            Self::Intake(error) => error.kind(),
            Self::Broken => Kind::Internal,
        }
    }
}

impl Services {
    /// Decodes an upload and makes its rows durable.
    ///
    /// # Errors
    /// [`IngestError`] when nothing was kept.
    pub async fn ingest(
        &self,
        format: &'static dyn Format,
        upload: Upload,
        tenant: Tenant,
    ) -> Result<Ingested, IngestError> {
        let decoded = self.decode(format, upload, tenant).await?;
        let receipt = self.intake.send(decoded.batches).await?;
        let refused = decoded.refused.into_iter().chain(receipt.refused).collect();
        Ok(Ingested { rows: receipt.rows, refused, written: receipt.written })
    }

    async fn decode(
        &self,
        format: &'static dyn Format,
        upload: Upload,
        tenant: Tenant,
    ) -> Result<Decoded, IngestError> {
        let (limits, now, type_and_unit_labels) = (self.limits.clone(), self.world.now(), self.type_and_unit_labels);
        let large = upload.body.len() >= LARGE_BODY_BYTES;
        let decode = move || {
            let context = DecodeContext {
                tenant,
                limits: &limits,
                now,
                content_type: upload.header("content-type").unwrap_or(""),
                content_encoding: upload.header("content-encoding").unwrap_or(""),
                type_and_unit_labels,
            };
            format.decode(&upload.body, &context)
        };
        if large {
            return Ok(tokio::task::spawn_blocking(decode).await.map_err(|_panic| IngestError::Broken)??);
        }
        Ok(decode()?)
    }
}
