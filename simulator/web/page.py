"""The what-if page, a Streamlit script: pick a scenario, drag, and see p99, maximum QPS, bottleneck and cost."""

import os
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from simulator.capacity.answer import find_capacity
from simulator.capacity.run import run_scenario
from simulator.engine.result import PARTS
from simulator.errors import SimulatorError
from simulator.report.build import Beside, write_report
from simulator.report.sentence import answer_sentence
from simulator.scenario.load import parse_scenario, text_with
from simulator.units import format_duration
from simulator.web.what_if import Knob, WhatIf, answer_of, check_upload, curve_of, knobs_of, settings_of, shards_of

__all__ = ["main"]

MS = 1000.0
MOST_BYTES = 1_000_000
FIRST = os.environ.get("SIMULATOR_WEB_FILE", "")


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="Capacity simulator: what if", layout="wide")
    st.title("What if?")
    text, name, folder = _picked()
    if not text:
        st.info("Pick a scenario, or upload one.")
        return
    try:
        scenario = parse_scenario(text, name, folder=folder)
        knobs = knobs_of(scenario)
        settings = settings_of(knobs, [_slider(knob, name) for knob in knobs])
        found = answer_of(text, name, settings, folder)
    except SimulatorError as error:
        st.error(str(error))
        return
    st.caption(scenario.question or scenario.name)
    _headline(found)
    tabs = st.tabs(["Latency", "Pinned", "Bias", "Download"])
    with tabs[0]:
        _latency(found)
    with tabs[1]:
        _pins(found, settings)
    with tabs[2]:
        _bias(text, name, folder)
    with tabs[3]:
        _downloads(text, name, settings, folder)


def _picked() -> tuple[str, str, Path]:
    """Return the text, the name and the folder of the scenario that is picked or uploaded; no text without one."""
    given = [Path(FIRST)] if FIRST else []
    files = [*given, *(path for path in sorted(Path("scenarios").glob("*.yaml")) if path not in given)]
    with st.sidebar:
        uploaded = st.file_uploader("Upload a scenario, at most 1 MB", type=["yaml", "yml"])
        path = st.selectbox("Scenario", files, format_func=lambda file: file.stem) if files else None
    if uploaded is not None:
        content = uploaded.getvalue()
        if len(content) > MOST_BYTES:
            st.error(f"{uploaded.name}: expected at most 1 MB, got {len(content) / 1e6:.1f} MB")
            return "", "", Path()
        try:
            text = content.decode("utf-8")
            check_upload(text, uploaded.name)
        except (UnicodeDecodeError, SimulatorError) as error:
            st.error(str(error))
            return "", "", Path()
        return text, uploaded.name, Path(tempfile.gettempdir())
    return (path.read_text(encoding="utf-8"), str(path), path.parent) if path else ("", "", Path())


def _slider(knob: Knob, name: str) -> float:
    """Return where a slider stands."""
    kind = int if knob.step == int(knob.step) and knob.value == int(knob.value) else float
    low, high, value, step = (kind(one) for one in (knob.low, knob.high, knob.value, knob.step))
    return float(st.sidebar.slider(knob.name, low, max(high, low + step), value, step, key=f"{name} {knob.path}"))


def _headline(found: WhatIf) -> None:
    """Show the numbers that matter."""
    run, columns = found.run, st.columns(5)
    columns[0].metric("p99", "–" if run.saturated else f"{run.latency['p99'].value * MS:.3g} ms")
    columns[2].metric("bottleneck", f"{run.bottleneck}, {run.loads[run.bottleneck]:.0%} busy")
    currency = run.scenario.prices.currency if run.scenario.prices else ""
    cost = f"{found.workers:,.0f} workers" if found.per_hour is None else f"{found.per_hour:,.2f} {currency}"
    columns[3].metric("cost an hour" if found.per_hour is not None else "size", cost)
    columns[4].metric("verdict", "saturated" if run.saturated else run.verdict)
    st.write(answer_sentence(run))
    most = found.maximum  # searched last: the other numbers are shown before it is found
    columns[1].metric("max QPS", "–" if most is None else f"{most.qps.value:,.0f}")


def _latency(found: WhatIf) -> None:
    """Show the latency-load curve, and where the time of a slow query goes."""
    left, middle, right = st.columns(3)
    left.markdown("**p99 against load**")
    left.line_chart(pd.DataFrame(curve_of(found), columns=["QPS", "p99, ms"]), x="QPS", y="p99, ms")
    right.markdown("**Where the time of the p99 query goes**")
    parts = found.run.parts("p99_parts") * MS
    rows = [
        {"stage": stage.name, "part": part, "ms": float(parts[s, p])}
        for s, stage in enumerate(found.run.stages)
        for p, part in enumerate(PARTS)
    ]
    right.bar_chart(pd.DataFrame(rows), x="stage", y="ms", color="part", horizontal=True)
    stage, points = shards_of(found)
    middle.markdown(f"**p99 against the shards of {stage}**")
    middle.line_chart(pd.DataFrame(points, columns=["shards", "p99, ms"]), x="shards", y="p99, ms")


def _pins(found: WhatIf, settings: list[str]) -> None:
    """Show what was pinned, side by side."""
    pins = st.session_state.setdefault("pins", [])
    if st.button("Pin this what-if"):
        run = found.run
        pins.append(
            {
                "scenario": run.scenario.name,
                "settings": ", ".join(settings) or "as it is",
                "p99": "saturated" if run.saturated else format_duration(run.latency["p99"].value),
                "max QPS": "" if found.maximum is None else round(found.maximum.qps.value),
                "bottleneck": run.bottleneck,
                "workers": round(found.workers),
                "verdict": run.verdict,
            }
        )
    if pins:
        st.dataframe(pd.DataFrame(pins), hide_index=True)
        if st.button("Forget them"):
            pins.clear()


def _bias(text: str, name: str, folder: Path) -> None:
    """Run the bias loop of a scenario that has one."""
    scenario = parse_scenario(text, name, folder=folder)
    if scenario.bias is None or scenario.bias.recorded:
        st.write("This scenario says nothing of who is shown: add a bias section.")
        return
    if st.button("Run the bias loop"):
        from simulator.bias.answer import find_bias  # loads Numba's kernels of the loop
        from simulator.report.bias_sentence import bias_sentence

        with st.spinner("showing lists, collecting clicks"):
            answer = find_bias(scenario)
        st.write(bias_sentence(answer))
        arms = {arm.name: arm.lines["exposure_gini"].value for arm in answer.arms}
        st.line_chart(pd.DataFrame(arms))
        st.caption("Gini of exposure so far by step; 0 is even")


def _downloads(text: str, name: str, settings: list[str], folder: Path) -> None:
    """Offer the scenario as it stands, and its report."""
    changed = text_with(text, settings, name)
    st.download_button("Scenario as YAML", changed, f"{Path(name).stem}.yaml", "application/yaml")
    if st.button("Make the report"):
        scenario = parse_scenario(changed, name, folder=folder)
        with st.spinner("simulating as the command line does"), tempfile.TemporaryDirectory() as place:
            answer = run_scenario(scenario)
            capacity = find_capacity(scenario) if scenario.objectives else None
            page = write_report(answer, Path(place), {}, Beside(capacity=capacity)).read_bytes()
        st.download_button("Report as HTML", page, f"{scenario.name}.html", "text/html")


main()
