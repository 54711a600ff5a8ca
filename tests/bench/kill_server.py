"""The PostgreSQL that the kill matrix crashes: queries that outlive a crash, and four ways to cut a program off.

PGHOST, PGPORT and PGUSER name it (`oppbase cluster -- …` sets them). Its main process is killed, too, and
started again with the same arguments as the same user, so the script must run beside it.
"""
import atexit, os, signal, subprocess, time

# The programs themselves rather than a distribution's wrappers, which take their time.
try:
    os.environ["PATH"] = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip() + ":" + os.environ["PATH"]
except FileNotFoundError:
    pass
URL = f"postgresql://{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}"
AWAY = ("recovery mode", "starting up", "refused", "closed the connection", "accepting", "terminat", "shutting down",
        "server process", "not yet accepting", "Connection reset", "the database system is")


def psql(database, sql=None, files=(), fails_with=None):
    """The answer; waits for a server that recovers."""
    command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-1"]
    for file in files:
        command += ["-f", str(file)]
    if sql is not None:
        command += ["-c", sql]
    for _ in range(300):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
        if fails_with and fails_with in done.stderr:
            return None
        if not any(word in done.stderr for word in AWAY):
            raise SystemExit(f"{command}: {done.stderr}")
        time.sleep(0.1)
    raise SystemExit("the server does not come back")


def plain(sql):
    """A statement that is no part of a transaction."""
    subprocess.run(["psql", "-qXd", "postgres", "-c", sql], check=True, capture_output=True)


def recreate(database, template):
    for _ in range(50):
        try:
            psql("postgres", "select 1")
            plain(f"drop database if exists {database} with (force)")
            plain(f"create database {database} template {template}")
            # A copied sequence does not log its next values, and PostgreSQL 15 would give them twice after a crash.
            plain("checkpoint")
            return
        except subprocess.CalledProcessError as error:
            # A session that is on its way out keeps a template from being copied.
            last = error.stderr.decode()
            time.sleep(0.1)
    raise SystemExit(last)


class Server:
    """The server's main process."""

    def __init__(self):
        self.folder = psql("postgres", "show data_directory")
        self.pid = self._pid()
        with open(f"/proc/{self.pid}/cmdline", "rb") as file:
            self.command = [word.decode() for word in file.read().split(b"\0")[:-1]]
        self.user = os.stat(f"/proc/{self.pid}").st_uid
        self.child = None
        self.log = open(os.path.join(os.path.dirname(self.folder), "kill-matrix-server.log"), "ab")
        atexit.register(self.stop)

    def _pid(self):
        with open(os.path.join(self.folder, "postmaster.pid")) as file:
            return int(file.readline())

    def _children(self):
        """Processes that still work in the data folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd") == self.folder:
                    found.append(pid)
            except OSError:
                pass
        return found

    def kill(self):
        """SIGKILL to the main process, then a start with the same arguments, until it is there."""
        os.kill(self.pid, signal.SIGKILL)
        if self.child:
            self.child.wait()
        while self._children():
            time.sleep(0.02)
        # Its own parent may not have asked for its end yet; then it still has its number, and the file counts.
        os.unlink(os.path.join(self.folder, "postmaster.pid"))
        as_user = {"user": self.user, "group": os.stat(self.folder).st_gid} if os.geteuid() == 0 else {}
        for _ in range(300):
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, **as_user)
            while self.child.poll() is None:
                if subprocess.run(["pg_isready", "-q"], capture_output=True).returncode == 0:
                    self.pid = self.child.pid
                    return
                time.sleep(0.05)
            time.sleep(0.1)
        raise SystemExit("the server does not start again")

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            self.child.wait()


def sessions(database):
    """The engine's sessions: process and application."""
    return psql("postgres", f"select pid from pg_stat_activity where datname = '{database}' "
                "and application_name like 'oppbase-migrate%' order by backend_start").split()


def cut(server, database, child, way):
    """Cuts it off: the program, its connections, one of its backends (which crashes the server), the server."""
    if way == "process":
        child.kill()
    elif way == "connections":
        psql("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")
    elif way == "backend":
        for pid in sessions(database)[-1:]:
            subprocess.run(["kill", "-9", pid], capture_output=True)
    else:
        server.kill()
