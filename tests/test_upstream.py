"""What netdash uses of other packages without a promise that it stays: each name, and how it must behave.

A failure here names what moved and where netdash uses it; docs/develop/upstream.md says what breaks and what to do.
"""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
import zmq
from conftest import ROOT
from jupyter_core.paths import jupyter_path
from zmq.eventloop.zmqstream import ZMQStream

from netdash.files import PLOTLY

PAGE = (ROOT / "docs" / "develop" / "upstream.md").read_text(encoding="utf-8")

KERNELS = "jupyter_server.services.kernels.kernelmanager:AsyncMappingKernelManager"

# What is used, as module:name, and the file of netdash that uses it.
NAMES = [
    ("voila.app:Voila.initialize", "serve.py"),
    ("voila.app:Voila.init_settings", "server/voila_app.py"),
    ("voila.app:Voila.init_handlers", "server/voila_app.py"),
    ("voila.app:Voila.start", "server/voila_app.py"),
    ("voila.app:Voila.labextensions_path", "server/voila_app.py"),
    ("voila.app:Voila.listen", "server/voila_app.py"),
    ("voila.app:Voila.stop", "server/voila_app.py"),
    ("voila.app:Voila.connection_dir", "server/voila_app.py"),
    ("voila.app:Voila.connection_url", "server/voila_app.py"),
    ("voila.app:Voila.ip", "server/voila_app.py"),
    ("voila.app:Voila.port", "server/voila_app.py"),
    ("voila.app:Voila.server_url", "server/voila_app.py"),
    ("voila.app:Voila.static_paths", "server/voila_app.py"),
    ("voila.request_info_handler:RequestInfoSocketHandler.send_updates", "server/voila_app.py"),
    ("voila.shutdown_kernel_handler:VoilaShutdownKernelHandler", "server/voila_app.py"),
    ("voila.static_file_handler:AllowListFileHandler", "server/voila_app.py"),
    ("voila.static_file_handler:MultiStaticFileHandler", "server/voila_app.py"),
    ("voila.static_file_handler:TemplateStaticFileHandler", "server/voila_app.py"),
    ("voila.tornado.handler:TornadoVoilaHandler.get", "server/handlers.py"),
    ("voila.tornado.handler:TornadoVoilaHandler.get_generator", "server/handlers.py"),
    ("voila.tornado.kernel_websocket_handler:VoilaKernelWebsocketHandler", "server/voila_app.py"),
    ("voila.utils:get_voila_labextensions_path", "serve.py"),
    ("jupyterlab_server.config:get_federated_extensions", "serve.py"),
    ("jupyterlab_server.themes_handler:ThemesHandler", "server/voila_app.py"),
    ("jupyter_server.auth.identity:IdentityProvider.auth_header_pat", "server/login.py"),
    ("jupyter_server.auth.identity:IdentityProvider.generate_anonymous_user", "server/login.py"),
    ("jupyter_server.auth.identity:IdentityProvider.get_user_cookie", "server/login.py"),
    ("jupyter_server.auth.identity:IdentityProvider.process_login_form", "server/login.py"),
    ("jupyter_server.auth.login:LoginFormHandler.render_template", "server/login.py"),
    ("jupyter_server.base.handlers:FileFindHandler", "server/voila_app.py"),
    ("jupyter_server.base.handlers:JupyterHandler.get_template", "server/handlers.py"),
    ("jupyter_server.base.handlers:JupyterHandler.xsrf_token", "server/voila_app.py"),
    ("jupyter_server.services.kernels.handlers:KernelHandler", "server/voila_app.py"),
    (f"{KERNELS}.buffer_offline_messages", "server/configuration.py"),
    (f"{KERNELS}.cull_kernel_if_idle", "server/kernels.py"),
    (f"{KERNELS}.kernel_model", "server/kernels.py"),
    (f"{KERNELS}.new_kernel_id", "server/kernels.py"),
    (f"{KERNELS}.pre_start_kernel", "server/kernels.py"),
    ("jupyter_client.multikernelmanager:AsyncMultiKernelManager.context", "server/kernels.py"),
    ("ipykernel.ipkernel:IPythonKernel", "server/kernel.py"),
    ("ipykernel.kernelapp:IPKernelApp.init_code", "server/warm.py"),
    ("ipykernel.kernelapp:IPKernelApp.load_config_file", "server/warm.py"),
    ("ipykernel.kernelapp:IPKernelApp.parse_command_line", "server/warm.py"),
    ("ipykernel.kernelbase:Kernel.ident", "server/kernel.py"),
    ("ipykernel.kernelspec:RESOURCES", "server/kernels.py"),
    ("ipykernel.kernelspec:make_ipkernel_cmd", "server/kernels.py"),
    ("ipywidgets.widgets.widget:_instances", "server/kernel.py"),
    ("ipywidgets:DOMWidget._dom_classes", "board/making.py"),
    ("ipywidgets:DOMWidget.layout.klass", "board/making.py"),
    ("ipywidgets:Widget.set_state", "board/frame.py"),
    ("ipywidgets:ValueWidget", "server/kernel.py"),
    ("anywidget:WidgetTrait", "board/frame.py"),
]  # fmt: skip


def moved(what, used_in):
    """Return the sentence of a failure."""
    package = what.partition(":")[0].partition(".")[0]
    return f"{what} moved in {package} {version(package)}; netdash/{used_in} uses it: see docs/develop/upstream.md"


@pytest.mark.parametrize(("what", "used_in"), NAMES, ids=[what for what, _ in NAMES])
def test_the_name_is_there(what, used_in):
    module, _, path = what.partition(":")
    try:
        found = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        pytest.fail(moved(what, used_in))


@pytest.mark.parametrize(("what", "used_in"), NAMES, ids=[what for what, _ in NAMES])
def test_the_page_and_the_file_name_it(what, used_in):
    name = what.rpartition(":")[2].rpartition(".")[2]
    assert f"`{name}`" in PAGE
    assert (ROOT / "netdash" / used_in).is_file()


EXTENDED = ("voila", "jupyter_server", "jupyter_client", "jupyterlab_server", "ipykernel")


def imported_names():
    """Yield every name that netdash imports from the packages that it extends, with the file."""
    for path in (ROOT / "netdash").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in EXTENDED:
                yield from ((alias.name, path.name) for alias in node.names)


@pytest.mark.parametrize(("name", "used_in"), sorted(set(imported_names())))
def test_every_imported_name_is_on_the_page(name, used_in):
    assert f"`{name}`" in PAGE, f"{used_in} imports {name}: add it to docs/develop/upstream.md"


# What voila must do.


def source(thing):
    return inspect.getsource(thing)


def in_order(text, *parts):
    """Whether the parts stand in a text in this order."""
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_voila_makes_its_settings_then_its_routes_and_then_listens():
    from voila.app import Voila

    calls = ("self.init_settings()", "self.app =", "self.init_handlers()", "self.app.add_handlers", "self.listen()")
    assert in_order(source(Voila.start), *calls), moved("voila.app:Voila.start", "server/voila_app.py")
    settings = source(Voila.init_settings)
    assert in_order(settings, "self.kernel_manager =", "voila_jinja2_env="), moved(
        "voila.app:Voila.init_settings", "server/voila_app.py"
    )


def test_the_handler_of_the_page_writes_what_its_generator_yields():
    from voila.tornado.handler import TornadoVoilaHandler

    what = moved("voila.tornado.handler:TornadoVoilaHandler", "server/handlers.py")
    assert inspect.isasyncgenfunction(TornadoVoilaHandler.get_generator), what
    assert "self.get_generator(path=path)" in source(inspect.unwrap(TornadoVoilaHandler.get)), what


def test_voila_remembers_page_requests_by_the_method_that_is_replaced():
    from voila import request_info_handler
    from voila.handler import VoilaHandler

    what = moved("voila.request_info_handler:RequestInfoSocketHandler.send_updates", "server/voila_app.py")
    assert "RequestInfoSocketHandler.send_updates(" in source(VoilaHandler.get_generator), what
    assert source(request_info_handler).count("_cache[kernel_id] =") == 1, what


def test_the_only_inline_script_of_voila_is_the_heartbeat():
    from voila.handler import VoilaHandler

    scripts = re.findall(r"<script>(.*?)</script>", source(VoilaHandler))
    assert scripts == ["window.voila_heartbeat()"], moved("voila.handler:VoilaHandler", "server/configuration.py")


@pytest.mark.parametrize("name", ["kernel_start", "cell_generator"])
def test_the_template_is_given_what_it_asks_for(name):
    from voila.notebook_renderer import NotebookRenderer

    template = "server/share/voila/templates/netdash/index.html.j2"
    assert name in (ROOT / "netdash" / template).read_text(encoding="utf-8")
    given = source(NotebookRenderer.generate_content_generator)
    assert f'"{name}"' in given, moved("voila.notebook_renderer:NotebookRenderer", template)


def test_the_pool_is_derived_from_the_kernels_of_netdash():
    from voila.voila_kernel_manager import voila_kernel_manager_factory

    from netdash.server.kernels import Kernels

    made = voila_kernel_manager_factory(Kernels, True, 1)
    what = moved("voila.voila_kernel_manager:voila_kernel_manager_factory", "server/kernels.py")
    assert issubclass(made, Kernels), what
    for name in ("get_pool_size", "fill_if_needed", "fill_delay"):
        assert hasattr(made, name), what
    for name in ("shutdown_kernel", "shutdown_all", "cull_kernel_if_idle"):
        assert f"super().{name}(" in source(getattr(made, name)), what
    assert "super().start_kernel(" in source(made._initialize), what
    assert 'VOILA_PREHEAT] = "True"' in source(made.fill_if_needed), what
    assert "self._pools: " in source(made.__init__), what
    assert '"task": task' in source(made._initialize), what


def configured():
    """Yield each section of the configuration of the server, and each option in it."""
    from netdash.server.configuration import configuration
    from netdash.server.settings import Settings

    found = configuration(Settings(token="a long secret word"), ROOT / "dashboards" / "tumor_board.ipynb")
    yield from ((section, name) for section, options in found.items() for name in options)


@pytest.mark.parametrize(("section", "name"), sorted(configured()))
def test_every_option_that_the_server_sets_exists(section, name):
    from jupyter_client.manager import KernelManager
    from jupyter_client.restarter import KernelRestarter
    from jupyter_client.session import Session
    from nbformat.sign import NotebookNotary
    from voila.app import Voila
    from voila.configuration import VoilaConfiguration
    from voila.voila_kernel_manager import voila_kernel_manager_factory

    from netdash.server.kernels import Kernels

    made = (KernelManager, KernelRestarter, NotebookNotary, Session, Voila, VoilaConfiguration)
    classes = {kind.__name__: kind for kind in made} | {"Kernels": voila_kernel_manager_factory(Kernels, True, 1)}
    kind = classes[section]
    base = next(one for one in kind.__mro__ if not one.__module__.startswith("netdash"))
    assert name in kind.class_traits(config=True), moved(
        f"{base.__module__}:{base.__name__}.{name}", "server/configuration.py"
    )


# What jupyter_server and jupyter_client must do.


def test_the_connections_of_a_kernel_are_in_its_model():
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

    what = "jupyter_server.services.kernels.kernelmanager:MappingKernelManager.kernel_model"
    for part in ('"connections"', "kernel.last_activity", "kernel.execution_state"):
        assert part in source(MappingKernelManager.kernel_model), moved(what, "server/kernels.py")


def test_without_buffering_the_sockets_of_a_closed_page_are_closed():
    from netdash.server.kernels import Kernels

    context = zmq.Context()
    stream = ZMQStream(context.socket(zmq.DEALER))
    Kernels(buffer_offline_messages=False).start_buffering("kernel", "session", {"shell": stream})
    assert stream.closed(), moved(
        "jupyter_server.services.kernels.kernelmanager:MappingKernelManager.start_buffering", "server/configuration.py"
    )
    context.destroy()


def test_the_text_in_place_of_a_traceback_is_still_read_from_the_manager_of_one_kernel():
    """When this fails because it is mended, delete `Kernel.traceback_replacement_message`."""
    from jupyter_server.services.kernels.connection import channels

    what = "jupyter_server.services.kernels.connection.channels:ZMQChannelsWebsocketConnection"
    assert "self.kernel_manager.traceback_replacement_message" in source(channels), moved(what, "server/kernels.py")


def test_the_server_starts_without_the_package_that_compiles_a_grammar_and_no_schema_needs_it():
    import jupyter_events
    import jupyter_server

    from netdash.serve import NOT_LOADED

    nowhere = ["serve", "--no-browser", "--port", "0", "--host", "192.0.2.1", "--public-host", "board.example"]
    command = [sys.executable, "-X", "importtime", "-m", "netdash", *nowhere]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "netdash cannot listen on" in said
    assert "jsonschema._format" in said, moved("jsonschema:_format", "serve.py")
    assert f"{NOT_LOADED}." not in said, moved(f"jsonschema:{NOT_LOADED}", "serve.py")
    for package in (jupyter_events, jupyter_server):
        for schema in Path(package.__file__).parent.glob("*schemas/**/*.y*ml"):
            assert not re.search(r"\biri\b", schema.read_text(encoding="utf-8")), schema


def test_the_login_form_is_rendered_with_the_words_that_the_template_uses():
    from jupyter_server.auth.login import LoginFormHandler

    what = moved("jupyter_server.auth.login:LoginFormHandler", "server/share/voila/templates/netdash/login.html")
    text = source(LoginFormHandler)
    for part in ('self.render_template(', '"login.html"', "next=", "message="):  # fmt: skip
        assert part in text, what


def test_the_context_of_all_kernels_has_more_room_and_is_made_once():
    from netdash.server.kernels import MOST_SOCKETS, Kernels

    kernels = Kernels()
    assert kernels.context.max_sockets == MOST_SOCKETS, moved(
        "jupyter_client.multikernelmanager:AsyncMultiKernelManager.context", "server/kernels.py"
    )
    assert kernels.context is kernels.context
    kernels.context.destroy()


def test_the_connection_file_of_a_kernel_can_be_named():
    from netdash.server.kernels import Kernels
    from netdash.server.redact import public_name

    kernels = Kernels(connection_dir="somewhere")
    manager, _, kernel_id = kernels.pre_start_kernel(None, {})
    assert Path(manager.connection_file) == Path("somewhere") / f"kernel-{public_name(kernel_id)}.json", moved(
        "jupyter_client.multikernelmanager:MultiKernelManager.pre_start_kernel", "server/kernels.py"
    )
    kernels.context.destroy()


# What ipykernel and ipywidgets must do.

KERNEL = """
import sys
from netdash.server.kernel import CONTROL, SHOWN, Kernel
kernel = Kernel()
import ipywidgets
from ipywidgets.widgets.widget import _instances
slider, choice = ipywidgets.IntSlider(), ipywidgets.Dropdown(options=["a", "b"])
print(
    sys.modules.get("debugpy") is None and sys.modules.get("pyarrow") is None,
    all("_only" in kernel.shell_handlers[kind].__qualname__ for kind in ("comm_open", "comm_msg", "comm_close")),
    CONTROL in kernel.comm_manager.targets and slider.comm.comm_id in kernel.comm_manager.comms,
    _instances.get(slider.comm.comm_id) is slider,
    "value" in slider.keys and "index" not in slider.keys and "index" in choice.keys,
    all(issubclass(getattr(ipywidgets, name), ipywidgets.Widget) for name in SHOWN),
)
"""


@pytest.fixture(scope="module")
def kernel():
    done = subprocess.run([sys.executable, "-c", KERNEL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [word == "True" for word in done.stdout.split()]


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (0, "ipykernel.ipkernel:IPythonKernel.__new__"),
        (1, "ipykernel.kernelbase:Kernel.shell_handlers"),
        (2, "ipykernel.comm:CommManager.comms"),
        (3, "ipywidgets.widgets.widget:_instances"),
        (4, "ipywidgets:Widget.keys"),
        (5, "ipywidgets:Widget"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_kernel_refuses_what_a_page_may_not_do(kernel, place, what):
    assert kernel[place], moved(what, "server/kernel.py")


# What runs in the browser.


@cache
def scripts_of(*folders):
    """Return the scripts below folders of Jupyter's search path as one text."""
    files = (file for folder in jupyter_path(*folders) for file in Path(folder).rglob("*.js"))
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


SCRIPT = "board/static/frame/upstream.js"
IN_BROWSER = [
    *(
        ("ipywidgets", name, SCRIPT)
        for name in ("_state_lock", "_pending_msgs", "_msg_buffer", "rememberLastUpdateFor")
    ),
    ("ipywidgets", "_expectedEchoMsgIds", SCRIPT),
    ("ipywidgets", "comm_live", SCRIPT),
    ("ipywidgets", "jupyter-widgets-disconnected", "board/static/frame.css"),
    *(("ipywidgets", name, SCRIPT) for name in ("noUi-handle", "widget-upload")),
    *(("ipywidgets", f"widget-{name}", "board/static/board.css") for name in ("dropdown", "text", "label", "hbox")),
    ("ipywidgets", "_options_labels", SCRIPT),
    ("ipywidgets", "jupyter-button", "board/static/board.css"),
    ("ipywidgets", "data-lm-suppress-shortcuts", SCRIPT),
    ("anywidget", "anywidget:", SCRIPT),
    ("anywidget", "getModel", "board/static/frame/frame.js"),
]


@pytest.mark.parametrize(("package", "name", "used_in"), IN_BROWSER, ids=[name for _, name, _ in IN_BROWSER])
def test_the_scripts_of_the_widgets_have_the_name(package, name, used_in):
    assert name in (ROOT / "netdash" / used_in).read_text(encoding="utf-8")
    assert f"`{name}`" in PAGE
    assert name in scripts_of("labextensions"), moved(f"{package}:{name}", used_in)


@pytest.mark.parametrize(
    "name", ["_fullLayout", "_offset", "_length", "p2d", "d2p", "draglayer", "scatterlayer", "infolayer"]
)
def test_the_vendored_plotly_has_the_name(name):
    assert name in (ROOT / "netdash" / SCRIPT).read_text(encoding="utf-8")
    assert f"`{name}`" in PAGE
    assert name in PLOTLY.read_text(encoding="utf-8"), f"{name} moved in plotly.js; netdash/{SCRIPT} uses it"
