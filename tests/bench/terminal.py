"""A program in a pty, as the measurements that press its keys need it."""
import fcntl, os, pathlib, pty, select, signal, struct, termios, time

# what a terminal is asked at the start, and what xterm says
ANSWERS = ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[c", b"\x1b[?62;22c"), (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x07"))


class Terminal:
    """A program in a pty of 120x40."""

    def __init__(self, *command):
        self.begun, self.bytes, self.seen = time.monotonic(), 0, b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8")
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def press(self, keys):
        os.write(self.fd, keys)

    def pump(self, seconds, text=None):
        """Reads until a text is written; returns the moment, or None when the time is over or the program has ended."""
        until, self.seen = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                break
            for asked, answer in ANSWERS:
                if asked in data:
                    os.write(self.fd, answer)
            self.bytes += len(data)
            self.seen = self.seen[-65536:] + data
            if text and text in self.seen:
                return time.monotonic()
        return None

    def usage(self):
        """Peak RSS in MB and CPU seconds."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return peak, (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
