"""The systems, and how each is given the same batch: a program that is called once for each input."""
import glob, json, os, re, shutil, signal, subprocess, sys, tempfile, threading, time
from contextlib import contextmanager
from dataclasses import dataclass, field

SYSTEMS = ("ganger", "parallel", "xargs", "hyperqueue", "pueue")
TITLES = {"ganger": "ganger", "parallel": "GNU parallel", "xargs": "xargs", "hyperqueue": "HyperQueue", "pueue": "pueue"}
INSTALL = {"parallel": "apt-get install parallel", "xargs": "apt-get install findutils", "hyperqueue": "pip install hyperqueue",
           "pueue": "cargo install pueue"}
GANGER = os.environ.get("GANGER", "ganger")
CLUSTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cluster.py")


def is_there(system):
    if system == "ganger":
        return bool(shutil.which(GANGER))
    if system == "hyperqueue":
        return subprocess.run([sys.executable, "-c", "import hyperqueue"], capture_output=True).returncode == 0
    return bool(shutil.which({"pueue": "pueued"}.get(system, system)))


def version(system):
    if system == "hyperqueue":
        words = [sys.executable, "-c", "from importlib.metadata import version; print(version('hyperqueue'))"]
    else:
        words = [GANGER if system == "ganger" else system, "--version"]
    said = subprocess.run(words, capture_output=True, text=True).stdout.split("\n")[0]
    found = re.search(r"\d[\d.]*\d", said)
    return found.group() if found else said


def lacks(system, words):
    """That a system's help and manual do not have these words, as a cell; an error if they do."""
    program = GANGER if system == "ganger" else system
    texts = []
    for command in ([program, "--help"], [program, "add", "--help"], ["man", program]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
            texts.append(done.stdout + done.stderr)
        except (OSError, subprocess.TimeoutExpired):
            pass
    found = re.search(words, "\n".join(texts))
    assert not found, f"{system} has {found.group()!r}: write a row for it"
    return "no flag for it"


@contextmanager
def place():
    """An empty directory as the present one. What was begun there and still runs is ended."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="compare-") as here:
        os.chdir(here)
        try:
            yield here
        finally:
            os.chdir(before)
            for pid in begun_in(here):
                kill(pid)


def begun_in(here):
    """The processes whose environment names this place, or that stand in it."""
    for entry in glob.glob("/proc/[0-9]*"):
        pid = int(os.path.basename(entry))
        try:
            if pid != os.getpid() and os.readlink(f"{entry}/cwd").startswith(here):
                yield pid
        except OSError:
            pass


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def program(text, name="task"):
    """A script in the present directory."""
    with open(name, "w") as file:
        file.write("#!/bin/sh\n" + text + "\n")
    os.chmod(name, 0o755)
    return f"./{name}"


def tree(root):
    """A process and all beneath it."""
    children = {}
    for entry in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(entry) as file:
                pid, rest = file.read().split(" ", 1)
            children.setdefault(int(rest.rsplit(")", 1)[1].split()[1]), []).append(int(pid))
        except OSError:
            pass
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def proportional(pid):
    """A process's share of memory, in bytes."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"Pss: +(\d+)", file.read()).group(1)) * 1024
    except (OSError, AttributeError):
        return 0


def image(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


@dataclass
class Ran:
    """A batch that has ended."""
    status: int
    out: str
    err: str
    seconds: float
    peak: int = 0
    extra: dict = field(default_factory=dict)


@dataclass
class Running:
    process: subprocess.Popen
    begun: float
    out: object
    err: object
    peak: int = 0

    def ended(self, timeout=120):
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            for pid in tree(self.process.pid):
                kill(pid)
            status = self.process.wait()
        seconds = time.perf_counter() - self.begun
        self.out.seek(0), self.err.seek(0)
        return Ran(status, self.out.read().decode(errors="replace"), self.err.read().decode(errors="replace"), seconds)

    def kill_all(self):
        for pid in tree(self.process.pid):
            kill(pid)

    def watched(self, timeout=120):
        """As `ended`, with the most memory that the tool's own processes had together."""
        most, own = 0, image(self.process.pid)
        end = time.perf_counter() + timeout
        while self.process.poll() is None and time.perf_counter() < end:
            own = image(self.process.pid) or own
            most = max(most, sum(proportional(pid) for pid in tree(self.process.pid) if image(pid) == own))
            time.sleep(0.02)
        ran = self.ended(timeout)
        ran.peak = most
        return ran


def words(system, task, inputs, flags=(), jobs=2):
    """What is typed, and what stands on its standard input."""
    many = "".join(f"{one}\n" for one in inputs)
    task = [task] if isinstance(task, str) else list(task)
    return {
        "ganger": lambda: ([GANGER, "run", f"-j{jobs}", *flags, *task], many),
        "parallel": lambda: (["parallel", f"-j{jobs}", *flags, *task], many),
        "xargs": lambda: (["xargs", f"-P{jobs}", "-n1", "-d", "\n", *flags, *task], many),
        "hyperqueue": lambda: ([sys.executable, CLUSTER, str(jobs), *flags, *task], many),
    }[system]()


def start(system, task, inputs, flags=(), jobs=2, **more):
    """Starts a batch. Its outputs go to files, so that nobody has to read them meanwhile."""
    typed, stdin = words(system, task, inputs, flags, jobs)
    out, err, given = tempfile.TemporaryFile(), tempfile.TemporaryFile(), tempfile.TemporaryFile()
    given.write(stdin.encode())
    given.seek(0)
    begun = time.perf_counter()
    process = subprocess.Popen(typed, stdin=given, stdout=out, stderr=err, start_new_session=True, **more)
    return Running(process, begun, out, err)


def batch(system, *args, **more):
    """Runs a batch to its end."""
    return start(system, *args, **more).ended()


class Pueue:
    """A pueued of its own in the present directory."""

    def __init__(self, jobs=2):
        here = os.getcwd()
        self.config, self.socket = f"{here}/pueue.yml", f"{here}/d/s"
        with open(self.config, "w") as file:
            file.write(f"shared: {{pueue_directory: {here}/d, runtime_directory: {here}/d, use_unix_socket: true, "
                       f"unix_socket_path: {here}/d/s}}\nclient: {{}}\ndaemon: {{}}\n")
        os.makedirs("d", exist_ok=True)
        self.jobs = jobs

    def __enter__(self):
        self.daemon = subprocess.Popen(["pueued", "-c", self.config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
        while not os.path.exists(self.socket) or self.say("status").returncode:
            time.sleep(0.05)
        self.say("parallel", str(self.jobs))
        return self

    def __exit__(self, *_):
        for pid in tree(self.daemon.pid):
            kill(pid)
        self.daemon.wait()

    def say(self, *words):
        return subprocess.run(["pueue", "-c", self.config, *words], capture_output=True, text=True)

    def add(self, *words):
        return self.say("add", "--", *words)

    def tasks(self):
        return json.loads(self.say("status", "--json").stdout)["tasks"]

    def results(self):
        """How each task ended, in the words of its state."""
        return [json.dumps(task["status"]) for task in self.tasks().values()]

    def wait(self, timeout=60):
        end = time.perf_counter() + timeout
        while time.perf_counter() < end and not all('"Done"' in one for one in self.results()):
            time.sleep(0.1)
