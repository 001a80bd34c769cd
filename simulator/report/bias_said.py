"""A bias answer in words, simulated or from recorded logs."""

from simulator.bias.answer import BiasAnswer
from simulator.bias.recorded import RecordedAnswer
from simulator.report.bias_sentence import bias_sentence
from simulator.report.bias_text import bias_effort, bias_text_tables
from simulator.report.recorded import recorded_effort, recorded_sentence, recorded_text_tables
from simulator.report.text_table import Said

__all__ = ["bias_said"]


def bias_said(answer: BiasAnswer | RecordedAnswer) -> Said:
    """Return `answer` in words."""
    study, warnings = answer.study, answer.warnings
    if isinstance(answer, RecordedAnswer):
        return Said(study, recorded_sentence(answer), recorded_effort(answer), warnings, recorded_text_tables(answer))
    tables = bias_text_tables(answer)
    return Said(study, bias_sentence(answer), bias_effort(answer), warnings, tables, answer.complete)
