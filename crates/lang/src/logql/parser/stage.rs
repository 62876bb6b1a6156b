//! The stages of a pipeline.

use super::log::check_regex;
use super::{Parsed, Parser};
use crate::Span;
use crate::logql::ast::{
    Extraction, LabelChoice, LabelFormat, LabelFormatSource, LineFilter, LineFilterOp, LinePattern, Stage, StageKind,
};
use crate::logql::error::Fault;
use crate::logql::lexer::TokenKind;

const LINE_FILTERS: [LineFilterOp; 6] = [
    LineFilterOp::Contains,
    LineFilterOp::NotContains,
    LineFilterOp::Regex,
    LineFilterOp::NotRegex,
    LineFilterOp::Pattern,
    LineFilterOp::NotPattern,
];

impl Parser<'_> {
    /// Reads stages as long as there are any; `unwrap` is none.
    pub(super) fn stages(&mut self, stages: &mut Vec<Stage>) -> Parsed<()> {
        loop {
            let start = self.token.span.start;
            let kind = if let Some(op) = LINE_FILTERS.into_iter().find(|op| self.is_symbol(op.as_str())) {
                self.advance();
                StageKind::LineFilter(self.line_filter(op)?)
            } else if self.is_symbol("|") && self.lexer.upcoming_word() != "unwrap" {
                self.advance();
                self.stage()?
            } else {
                return Ok(());
            };
            stages.push(Stage { kind, span: self.span_from(start) });
        }
    }

    fn line_filter(&mut self, op: LineFilterOp) -> Parsed<LineFilter> {
        let mut alternatives = vec![self.line_pattern()?];
        while self.word() == "or" {
            self.advance();
            alternatives.push(self.line_pattern()?);
        }
        Ok(LineFilter { op, alternatives })
    }

    /// Wire: a bad regular expression is no parse error here; the original tells it when the query runs.
    fn line_pattern(&mut self) -> Parsed<LinePattern> {
        if self.word() == "ip" && self.is_called() {
            return Ok(LinePattern::Ip(self.ip()?));
        }
        Ok(LinePattern::Text(self.string(&["STRING", "ip"])?))
    }

    /// `ip("10.0.0.0/8")`, at its name.
    pub(super) fn ip(&mut self) -> Parsed<String> {
        self.advance();
        self.expect("(", &["("])?;
        let pattern = self.string(&["STRING"])?;
        self.expect(")", &[")"])?;
        Ok(pattern)
    }

    /// A stage after its `|`.
    fn stage(&mut self) -> Parsed<StageKind> {
        let word = self.word();
        if matches!(word, "regexp" | "pattern" | "line_format") {
            self.advance();
            let span = self.token.span;
            let text = self.string(&["STRING"])?;
            return match word {
                "regexp" => check_captures(&text, span).map(|()| StageKind::Regexp(text)),
                "pattern" => Ok(StageKind::Pattern(text)),
                _ => Ok(StageKind::LineFormat(text)),
            };
        }
        match word {
            "json" => {
                self.advance();
                Ok(StageKind::Json(self.extractions()?))
            }
            "logfmt" => {
                self.advance();
                self.logfmt()
            }
            "unpack" => {
                self.advance();
                Ok(StageKind::Unpack)
            }
            "decolorize" => {
                self.advance();
                Ok(StageKind::Decolorize)
            }
            "label_format" => {
                self.advance();
                Ok(StageKind::LabelFormat(self.label_formats()?))
            }
            "drop" => {
                self.advance();
                Ok(StageKind::Drop(self.label_choices()?))
            }
            "keep" => {
                self.advance();
                Ok(StageKind::Keep(self.label_choices()?))
            }
            _ => Ok(StageKind::LabelFilter(self.label_filter()?)),
        }
    }

    fn logfmt(&mut self) -> Parsed<StageKind> {
        let (mut strict, mut keep_empty) = (false, false);
        while self.token.kind == TokenKind::Flag {
            match self.text_of(self.token) {
                "--strict" => strict = true,
                "--keep-empty" => keep_empty = true,
                other => {
                    let message = format!("invalid logfmt flag {other}: use --strict or --keep-empty");
                    return Err(Fault::rule(self.token.span, message));
                }
            }
            self.advance();
        }
        Ok(StageKind::Logfmt { strict, keep_empty, extractions: self.extractions()? })
    }

    /// `a, b="expression"`, none where no identifier follows.
    fn extractions(&mut self) -> Parsed<Vec<Extraction>> {
        let mut extractions = Vec::new();
        if self.token.kind != TokenKind::Word {
            return Ok(extractions);
        }
        loop {
            let label = self.identifier()?;
            let expression = if self.accept("=") { self.string(&["STRING"])? } else { label.clone() };
            extractions.push(Extraction { label, expression });
            if !self.accept(",") {
                return Ok(extractions);
            }
        }
    }

    fn label_formats(&mut self) -> Parsed<Vec<LabelFormat>> {
        let start = self.token.span;
        let mut formats: Vec<LabelFormat> = Vec::new();
        loop {
            let label = self.identifier()?;
            self.expect("=", &["="])?;
            let source = match self.token.kind {
                TokenKind::String => LabelFormatSource::Template(self.string(&[])?),
                TokenKind::Word => LabelFormatSource::Rename(self.identifier()?),
                _ => return Err(self.unexpected(&["IDENTIFIER", "STRING"])),
            };
            if formats.iter().any(|format| format.label == label) {
                let message = format!("multiple label name '{label}' not allowed in a single format operation");
                return Err(Fault::rule(start.to(self.token.span), message));
            }
            formats.push(LabelFormat { label, source });
            if !self.accept(",") {
                return Ok(formats);
            }
        }
    }

    fn label_choices(&mut self) -> Parsed<Vec<LabelChoice>> {
        let mut choices = Vec::new();
        loop {
            let name = self.identifier()?;
            choices.push(match self.match_op() {
                Some(op) => LabelChoice::Matching(self.matcher_value(name, op)?),
                None => LabelChoice::Name(name),
            });
            if !self.accept(",") {
                return Ok(choices);
            }
        }
    }
}

/// A `regexp` stage sets the labels that its groups name, so it must name one.
fn check_captures(pattern: &str, span: Span) -> Parsed<()> {
    check_regex(pattern, span)?;
    if pattern.contains("(?P<") || pattern.contains("(?<") {
        return Ok(());
    }
    Err(Fault::rule(span, "invalid regexp parser: at least one named capture must be supplied"))
}
