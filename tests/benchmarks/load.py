"""Many visitors on the served board at once: whether it keeps its promises, how many are too many, whether it grows.

    python tests/benchmarks/load.py load     40 sessions, each moves a slider every two seconds for five minutes
    python tests/benchmarks/load.py limit    more and more sessions, until a picture takes too long or a session is lost
    python tests/benchmarks/load.py load --megabytes 2048    the same in a control group with so much memory, as root
    python tests/benchmarks/load.py soak     sessions that come and go for twenty minutes, some without goodbye

Every answer is compared with what the library says of the inputs it is for. Server and visitors share the machine, so
the visitors' part of its processors is printed too. The exit code is 1 when a promise is broken.
"""

import argparse
import functools
import itertools
import json
import os
import re
import shutil
import statistics
import sys
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import websocket
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser.served import SERVE, Served, name_for, name_of
from browser.visit import Visit, forest_of, in_words, verdicts_of, without_looks
from wire import Wire

import netdash as nd
from netdash.intervals import plain

EACH = 0.2  # seconds from a move to its picture, in the middle of each session's moves
PROMISED = 0.5  # seconds from a move to its picture, of 95 moves in 100
FIRST = 200  # sessions after which the heap of a server has its size (docs/performance.md)
WARMING = 0.3  # of a soak, before anything is measured
STAY = 8  # moves of a session that comes and goes
PATIENCE = 30  # seconds after which a session that does not answer is lost
FLAT = 1.05  # how many times as much memory in the end is none more
ROOM = 3 * 2**30  # bytes of the machine's memory that are left alone
POOL = 2
MB = 2**20
WALKS = {"age_years": 50, "ki67_percent": 1, "liver_involvement_percent": 45}  # sliders, and where each walk begins
STEPS = 10  # of a walk to its other end; each walk crosses limits of criteria
VERDICT = re.compile(r'data-rule-set="(\w+)" data-verdict="(\w+)"')
WATCH = """() => {
  const board = document.querySelector(".netdash-board"), frame = document.querySelector(".netdash-frame");
  window.moved = {key: 0, drawn: 0, lost: false};
  addEventListener("keydown", () => Object.assign(moved, {key: performance.now(), drawn: 0}), true);
  new MutationObserver(() => (moved.drawn ||= performance.now())).observe(frame, {attributeFilter: ["data-revision"]});
  new MutationObserver(() => (moved.lost ||= board.dataset.netdashState === "lost"))
    .observe(board, {attributeFilter: ["data-netdash-state"]});
}"""


class Case:
    """A made-up case, the slider that is moved there and back, and the library's answer at each place."""

    def __init__(self, number):
        self.name = list(WALKS)[number % len(WALKS)]
        begin = WALKS[self.name]
        known = {
            "age_years": 40 + number % 30,
            "ki67_percent": 2 + number % 7,
            "liver_involvement_percent": 20 + number % 60,
            "extrahepatic_disease": "none",
            "differentiation": "well",
        }
        self.patient = nd.Patient(**known | {self.name: begin})
        self.way = [*range(begin + 1, begin + STEPS + 1), *range(begin + STEPS - 1, begin - 1, -1)]
        self.answers = {value: answer(self.at(value)) for value in self.way}

    def at(self, value):
        return self.patient.replace(**{self.name: value})


def answer(patient):
    """Return query, verdicts and figure as the library has them."""
    verdicts = tuple(nd.tallies(nd.assess(patient)).items())
    return patient.to_query(), verdicts_of(patient), _figure(verdicts, patient)


_figures = {}


def _figure(chosen, patient):
    # It takes long, and all cases here with the same verdicts have the same.
    if chosen not in _figures:
        _figures[chosen] = without_looks(forest_of(patient)["data"])  # colors and sizes are the page's
    return _figures[chosen]


@functools.lru_cache(maxsize=1000)
def _parsed(text):
    return without_looks(json.loads(text)["data"])


class Visitor:
    """Someone who moves a slider along its way, again and again.

    Attributes
    ----------
    seconds : list of float
        From each move to its picture.
    wrong : list of str
        Pictures that were not what the library says.
    lost : str
        Why the session is lost; empty while it is not.
    """

    def __init__(self, case):
        self.case, self.seconds, self.wrong, self.lost = case, [], [], ""
        self.places = itertools.cycle(case.way)

    def move(self):
        """Move on, wait for the picture and compare it."""
        try:
            self.seconds.append(self._move(next(self.places)))
        except Exception as error:  # whatever it is, this session is over and the others go on
            self.lost = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

    def compare(self, value, query, verdicts, figure):
        """Note what differs from the library's answer."""
        for what, found, wanted in zip(
            ("query", "verdicts", "figure"), (query, verdicts, figure), self.case.answers[value], strict=True
        ):
            if found != wanted:
                self.wrong.append(f"{what} at {self.case.name} = {value}")


class Line(Visitor):
    """A visitor without a browser."""

    def __init__(self, server, case):
        super().__init__(case)
        self.wire = Wire(server, case.patient.to_query())
        self.kernel_id = self.wire.kernel_id
        self.inputs = self.wire.content()["inputs"]

    def _move(self, value):
        sent = time.perf_counter()
        self.wire.update(self.wire.controls[self.case.name], value=value)
        return self.wire.receive(functools.partial(self._answer, value), PATIENCE) - sent

    def _answer(self, value, got):
        """Return when the content for a value came; what comes before must be right for its own inputs."""
        at = time.perf_counter()
        if got["msg_type"] != "comm_msg" or got["content"]["comm_id"] != self.wire.channel:
            return None
        content = got["content"]["data"]["state"]["content"]
        place = content["inputs"][self.case.name]
        if content["inputs"] != self.inputs | {self.case.name: place, f"{self.case.name}-box": plain(place)}:
            self.wrong.append(f"inputs at {self.case.name} = {place}")
        verdicts = dict(VERDICT.findall(content["sections"]["verdicts"]))
        self.compare(place, content["query"], verdicts, _parsed(content["figures"]["forest"]))
        return at if place == value else None

    def close(self):
        self.wire.close()


class Tab(Visitor):
    """A visitor with a browser; the time ends when the picture is drawn."""

    def __init__(self, browser, server, case):
        super().__init__(case)
        self.visit = Visit(browser, server).open(case.patient.to_query())
        self.kernel_id = self.visit.kernel_id()
        self.visit.page.evaluate(WATCH)
        self.before = case.patient.to_dict()[case.name]

    def _move(self, value):
        page = self.visit.page
        self.visit.press(self.case.name, "ArrowRight" if value > self.before else "ArrowLeft")
        self.before = value
        page.wait_for_function("() => moved.drawn", timeout=1000 * PATIENCE)
        moved = page.evaluate("moved")
        if moved["lost"]:
            raise ConnectionError("the page says that its connection is lost")
        self._look(value)
        return (moved["drawn"] - moved["key"]) / 1000

    def _look(self, value):
        """Compare what the page shows."""
        self.visit.settle()
        query = self.case.answers[value][0]
        if not in_words(self.case.at(value)).search(" ".join(self.visit.case.text_content().split())):
            query = "of another case"
        self.compare(value, query, self.visit.verdicts(), without_looks(self.visit.forest()["data"]))

    def close(self):
        self.visit.close()


class Machine:
    """Who uses the machine: server, kernels, visitors."""

    def __init__(self, server):
        self.server = server
        self.begin = time.perf_counter(), self._used()

    def _used(self):
        """Return seconds of the processors by user."""
        kernels = {kernel.pid for kernel in self.server.kernels()}
        used = Counter()
        for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
            times = process.cpu_times()
            name = "kernels" if process.pid in kernels else "visitors"
            used["server" if process.pid == self.server.process.pid else name] += times.user + times.system
        return used

    def shares(self):
        """Return by user how many percent of all processors it had since the beginning."""
        (start, before), now = self.begin, self._used()
        whole = (time.perf_counter() - start) * os.cpu_count()
        return ", ".join(f"{name} {100 * (now[name] - before[name]) / whole:.0f} %" for name in now)

    def memory(self, visitors):
        """Return the bytes (PSS) of the server and of the visitors' kernels."""
        own = {name_for(visitor.kernel_id) for visitor in visitors}
        kernels = [kernel for kernel in self.server.kernels() if name_of(kernel) in own]
        return pss(psutil.Process(self.server.process.pid)), sum(map(pss, kernels))


def pss(process):
    return process.memory_full_info().pss


class Promises:
    """Figures as they are printed, and whether what was promised of them is kept."""

    def __init__(self):
        self.broken = []

    def say(self, what, figure, kept=None):
        verdict = "" if kept is None else "kept" if kept else "BROKEN"
        print(f"  {what:<40}{figure:<66}{verdict}", flush=True)
        if kept is False:
            self.broken.append(what)

    def end(self):
        print("Every promise was kept." if not self.broken else f"Broken: {'; '.join(self.broken)}.", flush=True)
        return bool(self.broken)


class Cage:
    """A control group with a limit of memory and no swap, for a server and all of its processes; root can make one.

    Parameters
    ----------
    megabytes : int
        The limit; 0 = no control group.
    """

    def __init__(self, megabytes):
        root, self.folder = Path("/sys/fs/cgroup"), None
        if not megabytes:
            return
        old = (root / "memory").is_dir()  # the first version of control groups
        self.folder = (root / "memory" if old else root) / f"netdash-load-{os.getpid()}"
        if not old:
            (root / "cgroup.subtree_control").write_text("+memory")
        self.folder.mkdir()
        names = ("memory.limit_in_bytes", "memory.max_usage_in_bytes") if old else ("memory.max", "memory.peak")
        limit, self.peak = (self.folder / name for name in names)
        limit.write_text(str(megabytes * MB))
        if old:
            (self.folder / "memory.swappiness").write_text("0")

    def around(self, command):
        """Return a command that runs in the group."""
        if not self.folder:
            return command
        return ("sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh", *command)

    def close(self):
        """Remove the group, which has no process left; return the most memory that it used, in bytes."""
        if not self.folder:
            return 0
        most = int(self.peak.read_text())
        self.folder.rmdir()
        return most


@contextmanager
def served(sessions, promises, megabytes=0):
    """Serve the board for so many sessions; it must end without a word and leave nothing."""
    cage = Cage(megabytes)
    server = Served(cage.around((*SERVE, "--pool", str(POOL), "--max-sessions", str(sessions))))
    try:
        yield server
        server.stop()
    except AssertionError as error:
        promises.say("a clean end", str(error).strip().splitlines()[0], kept=False)
    finally:
        if server.process.poll() is None:
            server.kill()
        if most := cage.close():
            promises.say("memory of the control group, with files", f"at most {most / MB:,.0f} MB of {megabytes:,}")


@contextmanager
def browser(wanted):
    """Yield a Chromium: the system's, as the browser tests use it, else playwright's own."""
    if not wanted:
        yield None
        return
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def at_once(visitors, seconds, every):
    """Let all visitors move in turn: those without a browser each in its thread, the browsers in this one."""
    start = time.perf_counter() + 1
    tabs = [visitor for visitor in visitors if isinstance(visitor, Tab)]
    lines = [visitor for visitor in visitors if not isinstance(visitor, Tab)]
    # The visitors' moves lie evenly between two moves of one.
    late = {visitor: every * i / len(visitors) for i, visitor in enumerate([*tabs, *lines])}
    # Tabs, too, are spread over the whole interval.
    late |= {tab: every * i / len(tabs) for i, tab in enumerate(tabs)}
    rounds = round(seconds / every)

    def walk(some):
        for at, visitor in ((start + late[one] + every * turn, one) for turn in range(rounds) for one in some):
            time.sleep(max(0, at - time.perf_counter()))
            if not visitor.lost:
                visitor.move()

    with ThreadPoolExecutor(len(visitors)) as threads:
        walks = [threads.submit(walk, [line]) for line in lines]
        walk(tabs)
    for one in walks:
        one.result()
    return rounds * len(visitors)


def measure(server, visitors, seconds, every, promises):
    """Let all visitors move, print what came of it, and return whether every promise of speed and rightness held."""
    for visitor in visitors:
        visitor.seconds.clear()
    before, used = Machine(server).memory(visitors), Machine(server)
    due = at_once(visitors, seconds, every)
    shares, after = used.shares(), used.memory(visitors)
    times = [second for visitor in visitors for second in visitor.seconds]
    wrong = [text for visitor in visitors for text in visitor.wrong]
    lost = [v.lost or "its kernel is gone" for v in visitors if v.lost or not server.knows(v.kernel_id)]
    fast = bool(times) and p95(times) < PROMISED
    promises.say("moves answered", f"{len(times):,} of {due:,}", len(times) == due)
    promises.say("stale or wrong answers", f"{len(wrong)} {wrong[:2] or ''}", not wrong)
    promises.say("sessions lost", f"{len(lost)} {lost[:2] or ''}", not lost)
    promises.say("from a move to its picture", spread(times), fast)
    for kind, name in ((Line, "  by websocket"), (Tab, "  in a browser, drawn")):
        some = [second for v in visitors if isinstance(v, kind) for second in v.seconds]
        if some and len(some) < len(times):
            promises.say(name, spread(some))
    promises.say("processors", shares)
    return before, after, not wrong and not lost and len(times) == due and fast


def spread(times):
    if not times:
        return "none"
    median, most, within = (1000 * second for second in (statistics.median(times), max(times), p95(times)))
    return f"median {median:.0f} ms, 95 % within {within:.0f} ms, most {most:.0f} ms"


def p95(times):
    return sorted(times)[round(0.95 * (len(times) - 1))]


def begin(what):
    print(f"{what}\n{os.cpu_count()} processors, load average before {os.getloadavg()[0]:.2f}", flush=True)


def warm(visitor):
    """Walk once: what a session keeps for the next time is there when it is measured."""
    for _ in visitor.case.way:
        visitor.move()
    return visitor


def load(asked):
    """Return whether a promise was broken while many sessions move at once."""
    begin(
        f"{asked.sessions} sessions, {asked.browsers} of them in Chromium; each moves a slider every {asked.every:g} s "
        f"for {60 * asked.minutes:.0f} s"
    )
    promises = Promises()
    with browser(asked.browsers) as chromium, served(asked.sessions, promises, asked.megabytes) as server:
        since = time.perf_counter()
        visitors = [
            warm(Tab(chromium, server, Case(i)) if i < asked.browsers else Line(server, Case(i)))
            for i in range(asked.sessions)
        ]
        promises.say("all open, one after the other", f"after {time.perf_counter() - since:.0f} s")
        before, after, _ = measure(server, visitors, 60 * asked.minutes, asked.every, promises)
        for name, was, now, share in zip(("server", "kernels"), before, after, (1, len(visitors)), strict=True):
            figure = f"{was / MB:.1f} MB, in the end {now / MB:.1f} MB"
            if share > 1:
                figure += f"; {now / share / MB:.1f} MB each"
            promises.say(f"memory of the {name} (PSS)", figure, now <= FLAT * was)
        whole = sum(map(pss, [psutil.Process(server.process.pid), *server.family()]))
        promises.say("memory of all processes (PSS)", f"{whole / MB:,.0f} MB, with the parent and what waits")
        slowest = max(statistics.median(visitor.seconds or [PATIENCE]) for visitor in visitors)
        promises.say("the slowest session's median", f"{1000 * slowest:.0f} ms", slowest < EACH)
        with urllib.request.urlopen(f"{server.url}healthz", timeout=PATIENCE) as answered:
            counted = json.load(answered)["sessions"]
        promises.say("sessions the server counts", str(counted), counted == len(visitors))
        for visitor in visitors:
            if not visitor.lost:
                visitor.close()
    return promises.end()


def fill(server, visitors, sessions):
    """Add visitors until there are so many; return why there are fewer, if there are."""
    while len(visitors) < sessions:
        if psutil.virtual_memory().available < ROOM:
            return "the machine has no more memory to give"
        try:
            visitors.append(warm(Line(server, Case(len(visitors)))))
        except (OSError, TimeoutError, websocket.WebSocketException) as error:
            return f"the next was not let in ({error})"
    return ""


def limit(asked):
    """Return whether the promises were broken already at the first step; print how many sessions were too many."""
    begin(f"{asked.start} sessions and more, without browsers; each moves a slider every {asked.every:g} s")
    promises, good, visitors = Promises(), 0, []
    with served(asked.most, promises) as server:
        for sessions in range(asked.start, asked.most + 1, asked.step):
            reason = fill(server, visitors, sessions)
            if reason:
                print(f"Stopped at {len(visitors)} sessions: {reason}.")
                break
            print(f"{sessions} sessions", flush=True)
            tried = Promises()
            _, after, kept = measure(server, visitors, asked.seconds, asked.every, tried)
            tried.say("memory of the kernels (PSS)", f"{after[1] / MB:,.0f} MB, {after[1] / sessions / MB:.1f} MB each")
            if not kept:
                print(f"Too many: {sessions} sessions; {'; '.join(tried.broken)}.")
                break
            good = sessions
        else:
            print(f"Stopped at {good} sessions, as asked.")
        for visitor in visitors:
            if not visitor.lost:
                visitor.close()
    print(f"{good} sessions kept every promise.")
    return not good or bool(promises.broken) or any(visitor.wrong for visitor in visitors)


# How a session of the soak ends; where nobody says goodbye, the server has to notice.
LEAVING = {
    "says goodbye": Line.close,
    "closes its line": lambda line: line.wire.socket.close(),
    "is cut off": lambda line: line.wire.socket.sock.close(),
}


@dataclass
class Coming:
    """Sessions that come and go, and what went wrong in them."""

    server: Served
    every: float
    until: float
    came: Counter = field(default_factory=Counter)
    seconds: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    lost: list = field(default_factory=list)

    def one_after_the_other(self, first, step):
        """Come and go until the time is over."""
        ways = itertools.islice(itertools.cycle([*LEAVING, "never connects"]), first, None)
        for number in itertools.count(first, step):
            if time.perf_counter() >= self.until:
                return
            self.once(number, next(ways))

    def once(self, number, way):
        """Open a board, move, leave; or ask for the page and never connect."""
        self.came[way] += 1
        try:
            if way not in LEAVING:
                urllib.request.urlopen(self.server.url, timeout=2 * PATIENCE).close()
                time.sleep(STAY * self.every)  # as long as the others stay
                return
            self.stay(Line(self.server, Case(number % 60)), LEAVING[way])
        except Exception as error:  # the others go on
            self.lost.append(f"{type(error).__name__}: {error}")

    def stay(self, visitor, leave):
        for _ in range(STAY):
            time.sleep(self.every)
            if not visitor.lost:
                visitor.move()
        self.seconds += visitor.seconds
        self.wrong += visitor.wrong
        self.lost += [visitor.lost] if visitor.lost else []
        leave(visitor)

    def in_browsers(self, chromium):
        """Come and go with a browser; every second one is killed."""
        for number in itertools.count(60):
            if time.perf_counter() >= self.until:
                return
            tab = Tab(chromium, self.server, Case(number))
            way = "browser killed" if number % 2 else "browser closed"
            self.came[way] += 1
            self.stay(tab, lambda tab, way=way: tab.visit.context.close() if way == "browser killed" else tab.close())


@dataclass(frozen=True)
class AtRest:
    """What there is once those who left are forgotten: one session that stays, and the kernels kept ready."""

    server_memory: int
    stayed_memory: int
    ready_memory: float
    descriptors: int
    threads: int
    files: int
    kernels: int

    @classmethod
    def of(cls, server, stayed):
        end = time.perf_counter() + 4 * PATIENCE
        while len(server.kernels()) > POOL + 1 and time.perf_counter() < end:
            time.sleep(1)
        time.sleep(5)  # a kernel that was just started runs the notebook
        process, kernels = psutil.Process(server.process.pid), server.kernels()
        ready = [pss(kernel) for kernel in kernels if name_of(kernel) != name_for(stayed.kernel_id)]
        return cls(
            server_memory=pss(process),
            stayed_memory=pss(server.kernel(stayed.kernel_id)),
            ready_memory=statistics.mean(ready),
            descriptors=process.num_fds(),
            threads=process.num_threads(),
            files=sum(1 for path in Path(server.scratch.name).rglob("*") if not path.is_dir()),
            kernels=len(kernels),
        )


def soak(asked):
    """Return whether a promise was broken, or anything grew, while sessions came and went."""
    begin(f"{asked.sessions} sessions and a browser that come and go for {asked.minutes:g} minutes; one stays")
    promises = Promises()
    with browser(True) as chromium, served(10 * asked.sessions, promises) as server:
        stayed = warm(Line(server, Case(0)))
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda number: come_once(server, number), range(FIRST)))
        come_and_go(server, chromium, stayed, asked, asked.minutes * WARMING)
        before = AtRest.of(server, stayed)
        coming = come_and_go(server, chromium, stayed, asked, asked.minutes * (1 - WARMING))
        after = AtRest.of(server, stayed)
        lost = coming.lost + [stayed.lost] * bool(stayed.lost)
        wrong = coming.wrong + stayed.wrong
        promises.say("sessions", ", ".join(f"{n} {way}" for way, n in coming.came.items()))
        promises.say("stale or wrong answers", f"{len(wrong)} {wrong[:2] or ''}", not wrong)
        promises.say("sessions lost", f"{len(lost)} {lost[:2] or ''}", not lost)
        promises.say("from a move to its picture", spread(coming.seconds))
        grown(before, after, promises)
        stayed.close()
    return promises.end()


def come_once(server, number):
    """Open a board, move once and say goodbye."""
    visitor = Line(server, Case(number % 60))
    visitor.move()
    LEAVING["says goodbye"](visitor)


def come_and_go(server, chromium, stayed, asked, minutes):
    """Let sessions come and go for so long, beside the one that stays."""
    coming = Coming(server, asked.every, time.perf_counter() + 60 * minutes)
    with ThreadPoolExecutor(asked.sessions + 1) as threads:
        walks = [threads.submit(coming.one_after_the_other, i, asked.sessions) for i in range(asked.sessions)]
        walks.append(threads.submit(stay, stayed, asked.every, coming.until))
        coming.in_browsers(chromium)
    for one in walks:
        one.result()
    return coming


def stay(visitor, every, until):
    while time.perf_counter() < until and not visitor.lost:
        time.sleep(every)
        visitor.move()


def grown(before, after, promises):
    """Say how much there was and is of everything."""
    for name, what in (
        ("server_memory", "the server (PSS)"),
        ("stayed_memory", "the kernel that stays (PSS)"),
        ("ready_memory", "a kernel kept ready (PSS)"),
    ):
        was, now = getattr(before, name), getattr(after, name)
        promises.say(f"memory of {what}", f"{was / MB:.1f} MB, in the end {now / MB:.1f} MB", now <= FLAT * was)
    for name, what in (
        ("descriptors", "file descriptors of the server"),
        ("threads", "threads of the server"),
        ("files", "files it has for the moment"),
        ("kernels", "kernels"),
    ):
        was, now = getattr(before, name), getattr(after, name)
        promises.say(what, f"{was}, in the end {now}", now <= was)


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = asked.add_subparsers(required=True)
    for run, options in (
        (load, {"sessions": 40, "browsers": 4, "minutes": 5.0, "every": 2.0, "megabytes": 0}),
        (limit, {"start": 40, "step": 40, "most": 400, "seconds": 60.0, "every": 2.0}),
        (soak, {"sessions": 5, "minutes": 20.0, "every": 2.0}),
    ):
        one = which.add_parser(run.__name__, help=run.__doc__.splitlines()[0])
        one.set_defaults(run=run)
        for name, default in options.items():
            one.add_argument(f"--{name}", type=type(default), default=default, help=f"default: {default}")
    given = asked.parse_args()
    sys.exit(given.run(given))


if __name__ == "__main__":
    main()
