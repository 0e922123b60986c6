"""The board: controls change the state, and each change of the state draws the open page once.

browser ── control ──> State ── observe ──> Board._draw ── Page.draw ──> Frame.show ──> browser
browser ── button ───> Board._select ──> State, Page.commands
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from netdash import own_criteria, prepared_cases
from netdash.assessment import Assessment, assess_again
from netdash.board import criteria_views, inputs, notebook, strips, views
from netdash.board.cases import Prepared
from netdash.board.controls import Controls
from netdash.board.frame import Frame
from netdash.board.making import make, shared_looks
from netdash.board.pages.evidence import Evidence
from netdash.board.pages.explore import Explore
from netdash.board.pages.overview import Overview
from netdash.board.pages.page import Commands, Page, offer_file, offer_named_file
from netdash.board.pages.teaching import Teaching
from netdash.board.state import State
from netdash.case_report import report
from netdash.patient import FIELDS, Patient, check_patient

STYLE_SHEETS = [Path(__file__).parent / "static" / f"{name}.css" for name in ("tokens", "board", "plots", "inputs")]
"""The style sheets of the board, which are sent as one."""
SKIP = '<button type="button" class="nd-skip">Skip to the verdicts</button>'
"""The first stop of the Tab key; verdicts.js takes the focus from there. A link would change the address, the case."""
NO_EXAMPLE, NO_CASE = "Open an example", "Open a case"
CASES_VARIABLE, CRITERIA_VARIABLE = "NETDASH_CASES", "NETDASH_CRITERIA"
"""The environment variables with the paths of a file of prepared cases and of a file of own criteria."""
CRITERIA_TIP = "Your own criteria: a CSV file that netdash lint takes; marked as local; it stays in memory"
"""The tooltip of the button that opens own criteria."""
CASES_TIP = "A list of prepared cases: a CSV file of patient fields and a label, no identifiers; it stays in memory"
"""The tooltip of the button that opens a list of cases."""
PAGES: Mapping[str, type[Page]] = {page.name: page for page in (Overview, Explore, Evidence, Teaching)}
DRAWN_TRAITS = [
    *("patient", "selected", "prepared", "opened", "refused", "refusals", "undo", "outcome", "reading", "pinned"),
    *("presenting", "source", "page", "own", "era", "therapy", "unfolded"),
]
"""The traits of the state whose changes are drawn."""


class Board(ipywidgets.VBox):  # type: ignore[misc]
    """The whole board, or some of its pages.

    Parameters
    ----------
    patient : Patient, optional
        The first case; an empty case when not given.
    pages : str or iterable of str, optional
        Names of the pages, or one name: "board", "explore", "evidence", "teaching". The first one is open. All pages
        when not given.
    cases : mapping from str to Patient, str, Path or bytes, optional
        Prepared cases by label, or a file of them that :func:`netdash.cases` reads. When not given, the file in the
        environment variable ``NETDASH_CASES``, if any; a served board reads it again for each visitor.
    criteria : str, Path or bytes, optional
        A file of own criteria, as for :func:`netdash.assess`. When not given, the file in the environment variable
        ``NETDASH_CRITERIA``, if any.

    **layout
        Traits of the box that contains the board, as for ``ipywidgets.VBox``: ``layout``, ``box_style``.

    Attributes
    ----------
    patient : Patient
        The case that is shown. It can be set and observed: ``board.observe(print, "patient")``.
    state : State
        The case, and what the board shows of it.

    Raises
    ------
    ValueError
        When a page is not known, no page is given, or the cases or the criteria have an error.
    TypeError
        When `patient` is no Patient, `cases` is neither a mapping of labels to patients nor a file, or a keyword is
        not known.

    Notes
    -----
    In a notebook a board is two outputs: case, verdicts and disclaimer as plain HTML for where no kernel runs
    (nbconvert, GitHub, a reopened notebook), and the board, which hides the first. A cell that is run again makes a
    new board; ``close`` frees the widgets of the old one.

    Examples
    --------
    >>> import netdash as nd
    >>> board = nd.Board(nd.Patient(age_years=55, ki67_percent=8), pages="explore")
    >>> board
    Board(Patient(age_years=55.0, ki67_percent=8.0), pages=['explore'])
    >>> board.patient = board.patient.replace(age_years=54)
    >>> board.patient.age_years
    54.0
    >>> board.close()
    """

    patient = traitlets.Instance(Patient, args=())

    def __init__(
        self,
        patient: Patient | None = None,
        pages: str | Iterable[str] | None = None,
        cases: Mapping[str, Patient] | str | Path | bytes | None = None,
        criteria: str | Path | bytes | None = None,
        **layout: Any,
    ) -> None:
        _refuse(patient, cases, layout)
        names = [pages] if isinstance(pages, str) else list(PAGES if pages is None else pages)
        if not names or not set(names) <= set(PAGES):
            raise ValueError(f"pages: given {names}, expected some of {', '.join(PAGES)}")
        self.state = State(patient=patient or Patient(), pages=names, page=names[0])
        with shared_looks():
            children = self._make_widgets()
        self.file = os.environ.get(CASES_VARIABLE, "") if cases is None else ""
        if cases is not None:
            self.state.prepared = dict(cases) if isinstance(cases, Mapping) else prepared_cases.cases(cases)
        self.criteria_file = os.environ.get(CRITERIA_VARIABLE, "") if criteria is None else ""
        self.state.own = None if criteria is None else own_criteria.read(criteria)
        super().__init__(children, _dom_classes=["netdash-board", "nd-board"], **layout)
        self.patient = self.state.patient
        self.state.observe(lambda change: self.set_trait("patient", change["new"]), "patient")
        self.observe(lambda change: self.state.set_trait("patient", change["new"]), "patient")
        self._drawn_values: list[Any] = []
        self._drawn_source = ""
        self._assessment = Assessment(self.state.patient, ())
        self._read_list()
        self._observe()
        self._draw()

    def _make_widgets(self) -> list[ipywidgets.DOMWidget]:
        """Make all widgets of the board; return what it contains."""
        self.pages = {name: PAGES[name](self.state) for name in self.state.pages}
        self.controls = Controls(self.state)
        tip = "Prepared or made-up cases"
        self.examples = make(ipywidgets.Dropdown, options=[NO_EXAMPLE], description="Case", tooltip=tip)
        self.upload = offer_file("Load cases…", CASES_TIP, self._load_cases)
        self.criteria = offer_named_file("Load criteria…", CRITERIA_TIP, self.state.take_criteria)
        self.reset = make(ipywidgets.Button, description="Reset", tooltip="Make every input unknown")
        self.frame = self._make_frame()
        self.mark = f"nd-static-{self.frame.model_id}"
        return self._layout()

    def _make_frame(self) -> Frame:
        parts = {name: part for page in self.pages.values() for name, part in page.parts.items()}
        parts |= {name: chooser for page in self.pages.values() for name, chooser in page.choosers.items()}
        files = [one for page in self.pages.values() for one in page.toolbar if isinstance(one, ipywidgets.FileUpload)]
        controls = {**self.controls.parts, **parts, "prepared": self.examples}
        return Frame(controls=controls, files=[self.upload, self.criteria, *files])

    def _layout(self) -> list[ipywidgets.DOMWidget]:
        styles = "".join(sheet.read_text(encoding="utf-8") for sheet in STYLE_SHEETS) + notebook.hiding(self.mark)
        name = make(ipywidgets.HTML, f'{SKIP}<h1 class="nd-title">netdash</h1><style>{styles}</style>')
        bars = {
            name: make(ipywidgets.HBox, page.toolbar, classes=f"nd-bar-{name} nd-bar")
            for name, page in self.pages.items()
        }
        plot = [bars.pop(name) for name in ("board",) if name in bars]  # what the plot shows is chosen beside it
        files = make(ipywidgets.HBox, [self.upload, self.criteria, self.reset], classes="nd-files")
        chosen = [self.examples, files, *bars.values()]
        tools, case, foot = (make(ipywidgets.Box, classes=f"netdash-slot-{slot}") for slot in ("tools", "case", "foot"))
        head = make(ipywidgets.HBox, [name, *chosen, tools], classes="nd-head")
        frame = make(ipywidgets.Box, [*plot, self.frame], classes="nd-frame")
        body = make(ipywidgets.HBox, [self.controls.widget, frame], classes="nd-body")
        return [head, case, body, foot]

    def __repr__(self) -> str:
        """Return the call that makes the same board."""
        pages = "" if list(self.pages) == list(PAGES) else f", pages={list(self.pages)!r}"
        return f"Board({self.patient!r}{pages})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Return the board as widget, as plain HTML and as one line of text."""
        bundle: dict[str, Any] = super()._repr_mimebundle_() or {}
        texts = {"text/plain": notebook.one_line(self.patient), "text/html": self._static()}
        return {**bundle, **texts}

    def _ipython_display_(self, **_: Any) -> None:
        """Show the plain HTML, for where no kernel runs, and the board, which hides it."""
        from IPython.display import publish_display_data as publish

        text = {"text/plain": notebook.one_line(self.patient)}
        if self.comm is None:
            publish({"text/plain": "This board was closed. Run its cell again."})  # type: ignore[no-untyped-call]
            return
        if not notebook.is_served():
            publish({"text/html": self._static(), **text})  # type: ignore[no-untyped-call]
        view = {kind: found for kind, found in self._repr_mimebundle_().items() if kind != "text/html"}
        publish(view)  # type: ignore[no-untyped-call]

    def _static(self) -> str:
        return notebook.static(self.patient, self.state.own, self.mark)

    def close(self) -> None:
        """Close the board and every widget in it, in the kernel and on the page.

        Examples
        --------
        >>> import netdash as nd
        >>> board = nd.Board(nd.Patient(age_years=57))
        >>> board.close()
        >>> board.comm is None
        True
        """
        if self.comm is not None:
            for widget in notebook.widgets_of(*self.children, self.layout, self.controls, self.pages):
                widget.close()
        super().close()

    def _observe(self) -> None:
        self.examples.observe(self._open_case, "value")
        self.reset.on_click(lambda _: self.state.reset())
        self._by_key = self._commands()
        self.frame.on_select(self._select)
        self.frame.on_address(self._open_address)
        self.state.observe(self._draw_once, DRAWN_TRAITS)
        self.state.inputs.observe(self._draw_inputs, ["folded", "words"])
        for page in self.pages.values():
            for traits in page.traits:
                traits.observe(self._page_changed)

    def _open_case(self, event: dict[str, Any]) -> None:
        case = {_value(case): case for case in self.state.offered}.get(event["new"])
        if case is not None and case != self.state.shown:
            self.state.open_prepared(case)
        self._offer_cases()

    def _open_offered(self, what: str) -> None:
        """Open a case by its button; ignore one that is not offered."""
        for case in self.state.offered:
            if what == f"{'own' if case.own else 'example'}={case.number}" and case != self.state.shown:
                self.state.open_prepared(case)

    def _load_cases(self, content: bytes) -> None:
        """Take the list that a visitor loads; open its first case on a board that shows no case."""
        no_case = not self.state.patient.entered and self.state.shown is None
        with self.state.hold_trait_notifications():
            self.state.take_cases(content)
            if no_case and "cases" not in self.state.refusals:
                self.state.step(1)

    def _read_list(self) -> None:
        """Read the files of ``NETDASH_CASES`` and ``NETDASH_CRITERIA``, in place of what was read before."""
        if self.criteria_file:
            self.state.take_criteria(self.criteria_file)
        if self.file:
            with self.state.hold_trait_notifications():
                self.state.prepared = {}
                self.state.take_cases(self.file)

    def _open_address(self, query: str) -> None:
        """Open the case in a visitor's address. Read the files again: the kernel may have started long before."""
        self._read_list()
        if query:
            self.state.open_query(query)

    def _commands(self) -> Commands:
        """Return what the buttons of the board and of its pages do."""
        own: dict[str, Callable[[str], None]] = {
            "page:": self.state.turn_to,
            "source:": self.state.show_source,
            "enter:": lambda what: inputs.enter(self.state, what),
            "answer:": lambda what: inputs.answer(self.state, what),
            "fold:": lambda group: inputs.fold(self.state, group, self.controls.groups),
            "case:": self._open_offered,
            "do:report": lambda _: self._hand_out_report(),
            "do:undo": lambda _: self._undo(),
            "do:csv": lambda _: self._hand_out_table(),
            "do:cases-template": lambda _: self._hand_out("netdash-cases", prepared_cases.example_file()),
            "do:forget-cases": lambda _: self.state.take_cases({}),
            "do:criteria-template": lambda _: self._hand_out("netdash-criteria", own_criteria.template()),
            "do:forget-criteria": lambda _: self.state.take_criteria(b""),
        }
        for page in self.pages.values():
            own |= page.commands()
        return own

    def _select(self, key: str) -> None:
        """Execute the command of a button, or select a rule set. A browser can send any text: ignore other words."""
        word, _, what = key.partition(":")
        command = self._by_key.get(key) or self._by_key.get(f"{word}:")
        if command:
            command(what)
        elif key in self.state.book:
            self.state.select(key)

    def _undo(self) -> None:
        if self.pages[self.state.page].about_the_case:
            self.state.take_back()

    def _hand_out_report(self) -> None:
        page = report(self.state.patient, label=self.state.label, criteria=self.state.own)
        name = f"netdash-case-{date.today().isoformat()}.html"
        self.frame.download(name, "text/html", page.encode())

    def _hand_out_table(self) -> None:
        name, table = self.pages[self.state.page].csv()
        self.frame.download(name, "text/csv", table)

    def _hand_out(self, name: str, template: Path) -> None:
        self.frame.download(f"{name}.csv", "text/csv", template.read_bytes())

    def _draw_once(self, _: traitlets.Bunch) -> None:
        """Draw once for several changes: after hold_trait_notifications, traitlets notifies for each trait."""
        now = [getattr(self.state, name) for name in DRAWN_TRAITS]
        if now == self._drawn_values:
            return
        if self.state.source and self.state.source == self._drawn_source:
            self.state.source = ""  # closes the card of the former picture; this change draws the page
            return
        self._drawn_values, self._drawn_source = now, self.state.source
        self.controls.show()  # before drawing: the message of a picture names the values of the controls
        self._draw()

    def _page_changed(self, _: traitlets.Bunch) -> None:
        """Draw a page whose own choices changed, without the card of a source."""
        if self.state.source:
            self.state.source = ""
        else:
            self._draw()

    def _draw_inputs(self, _: traitlets.Bunch) -> None:
        self.controls.unfold()
        self._draw()

    def _inputs(self, assessment: Assessment) -> dict[str, str]:
        """Return the sections among the inputs."""
        state, controls = self.state, self.controls
        chosen = state.book[state.selected]
        return {
            "asking": strips.asking(chosen),
            **{f"strip-{name}": strips.strip(state.patient, name, chosen) for name in controls.labels},
            **inputs.offers(state, [control.field for control in controls.sliders.values()]),
            **inputs.heads(state, controls.groups, controls.opened),
            "ask": inputs.questions(state, assessment),
            "found": inputs.found(state, controls.fields),
            **views.refused(state),
        }

    def _draw(self, _: traitlets.Bunch | None = None) -> None:
        """Draw the page; say so when it has a fault, because the picture before it is of other inputs."""
        try:
            self._show()
        except Exception as error:
            state, tabs = self.state, {name: page.title for name, page in self.pages.items()}
            view = "present" if state.presenting else state.page
            self.frame.show(views.fault(state, tabs, error), query=state.query, view=view)
            raise

    def _show(self) -> None:
        state, at = self.state, datetime.now().astimezone().strftime("%H:%M:%S")
        self._offer_cases()
        self._assessment = assessment = assess_again(self._assessment, state.patient, state.own)
        page = self.pages[state.page]
        drawn = page.draw(assessment)
        words = views.case(state, assessment, at) + criteria_views.compared(state)
        case = {"case": words, **self._inputs(assessment)} if page.about_the_case else {}
        card = {"source": views.source_card(state)} if state.source else {}
        tabs = {name: page.title for name, page in self.pages.items()}
        self.frame.show(
            sections={"tools": views.tools(state, tabs), **case, **drawn.sections, **card, "foot": views.foot()},
            figures=drawn.figures,
            labels=self.controls.names,
            valuetexts=self.controls.texts,
            query=state.query,
            announce=drawn.says,
            computed_at=at,
            view="present" if state.presenting else page.name,
        )

    def _offer_cases(self) -> None:
        """Fill the list of cases: the prepared ones, then the examples; select the one that is shown."""
        state, listed = self.state, bool(self.state.prepared)
        options = [(_name(case, listed), _value(case)) for case in state.offered]
        options.insert(0, (NO_CASE if listed else NO_EXAMPLE, NO_EXAMPLE))
        if list(self.examples.options) != options:
            self.examples.options = options
        self.examples.value = _value(state.shown) if state.shown else NO_EXAMPLE


def _refuse(patient: object, cases: object, layout: Iterable[str]) -> None:
    """Refuse in words what a board cannot be made of."""
    for name in layout:
        if name in FIELDS:
            raise TypeError(f"{name!r} is no argument of Board; a case is Board(nd.Patient({name}=...))")
        if name not in ipywidgets.VBox.class_trait_names() or name == "children":
            raise TypeError(f"{name!r} is no argument of Board; expected patient, pages, cases, criteria or layout")
    if patient is not None:
        check_patient(patient)
    wrong = (
        [label for label, case in cases.items() if not isinstance(case, Patient)] if isinstance(cases, Mapping) else []
    )
    if wrong:
        raise TypeError(f"cases: {wrong[0]!r} is no Patient; use nd.Patient.from_dict(...)")
    if cases is not None and not isinstance(cases, Mapping | str | Path | bytes):
        given = type(cases).__name__
        raise TypeError(f"cases: given {given}, expected a mapping of labels to patients, or a CSV file (nd.cases)")


def _name(case: Prepared, listed: bool) -> str:
    """Return the name of a case in the list; an example is marked when there are prepared cases too."""
    if case.own:
        return f"{case.number}. {case.label}"
    return f"Example: {case.label}" if listed else case.label


def _value(case: Prepared) -> str:
    return f"own: {case.label}" if case.own else case.label
