"""The kernel of a served board: ipykernel's own, without what a visitor has no use for, and deaf to most messages."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from ipykernel.ipkernel import IPythonKernel

NOT_LOADED = ("debugpy", "pyarrow")
"""Packages that ipykernel and pandas import when they are installed. pyarrow alone takes 30 MB of a session."""
CONTROL = "jupyter.widget.control"
"""Name of the only comm that a page may open: through it the page asks for the state of all widgets."""
SHOWN = ("HTML", "HTMLMath", "Label", "Valid", "IntProgress", "FloatProgress", "Image", "Audio", "Video")
"""Widgets of ipywidgets that have a value and only show it."""


class Kernel(IPythonKernel):
    """A kernel in which optional packages count as not installed, and whose widgets a page can only give values."""

    def __new__(cls, **options: Any) -> Kernel:
        """Return a kernel; it would import its debugger here."""
        # None is Python's word for a module that cannot be imported.
        sys.modules.update(dict.fromkeys(UNUSED))  # type: ignore[arg-type]
        logging.disable()  # what a kernel logs, tracebacks among it, would go to the page
        made: Kernel = super().__new__(cls, **options)
        return made

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        for kind, allowed in {"comm_open": self._opens, "comm_msg": self._says, "comm_close": self._closes}.items():
            self.shell_handlers[kind] = _only(allowed, self.shell_handlers[kind])

    def _opens(self, content: dict[str, Any], _: dict[str, Any]) -> bool:
        """Let a page open the control comm; a comm of another name is closed at once, and no widget can be made."""
        if content.get("target_name") != CONTROL:
            content["target_name"] = ""  # nobody has this name, and so ipykernel says that it is closed
        return content.get("comm_id") not in self.comm_manager.comms

    def _says(self, content: dict[str, Any], message: dict[str, Any]) -> bool:
        """Let a page give a control a value, ask for states and send a widget a message of its own."""
        data = content["data"]
        widget = _widget(content["comm_id"])
        if widget is None or data["method"] != "update":
            return data["method"] in ("request_states", "request_state", "custom")
        return _keep_value(data, message, _value_of(widget))

    def _closes(self, content: dict[str, Any], _: dict[str, Any]) -> bool:
        """Let a page close what it has opened, and no widget."""
        return _widget(content["comm_id"]) is None


def _only(allowed: Callable[[dict[str, Any], dict[str, Any]], bool], handle: Callable[..., Any]) -> Callable[..., Any]:
    """Return a handler that ignores the messages that are not allowed; one that is malformed raises and is ignored."""

    def handler(stream: Any, ident: Any, message: dict[str, Any]) -> Any:
        return handle(stream, ident, message) if allowed(message["content"], message) else None

    return handler


def _widget(comm_id: str) -> Any:
    """Return the widget behind a comm; None when there is none."""
    from ipywidgets.widgets.widget import _instances

    return _instances.get(comm_id)


def _value_of(widget: Any) -> str:
    """Return the name of the trait that is a control's value on the page; empty when the widget is no control."""
    import ipywidgets

    shown = tuple(getattr(ipywidgets, name) for name in SHOWN)
    if not isinstance(widget, ipywidgets.ValueWidget) or isinstance(widget, shown):
        return ""
    return "index" if "index" in widget.keys else "value"


def _keep_value(data: dict[str, Any], message: dict[str, Any], name: str) -> bool:
    """Take all but the value out of an update; return whether there is one."""
    if name not in data.get("state", {}):
        return False
    data["state"] = {name: data["state"][name]}
    if paths := data.get("buffer_paths"):
        kept = [(path, buffer) for path, buffer in zip(paths, message["buffers"], strict=False) if path[0] == name]
        data["buffer_paths"], message["buffers"] = [path for path, _ in kept], [buffer for _, buffer in kept]
    return True
