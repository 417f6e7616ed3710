"""Leave this process, and all that it starts, only those files that a converter needs (landlock(7), Linux ≥ 5.13).

What it may still do: read and run what the system, this Python and this program are made of; read the files that it
shall convert; do as it likes in its working folder. Other files of the server's user are as if they were somebody
else's. Names of folders beside this program's code can be listed, since Python looks modules up there; their content
cannot be read. Only the standard library: this runs before every conversion.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_RULE_PATH_BENEATH = 1

# linux/landlock.h, LANDLOCK_ACCESS_FS_*
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_SOCK = 1 << 5, 1 << 9
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FIRST_ABI = (1 << 13) - 1
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ = _EXECUTE | _READ_FILE | _READ_DIR

# What programs of a distribution read: themselves, fonts, names and zones, and how their libraries are found. Of /etc
# only this: a server's own configuration may lie there.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/proc", "/sys", "/var/cache/fontconfig")
_ETC = (
    "alternatives",
    "fonts",
    "group",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "libreoffice",
    "locale.alias",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "papersize",
    "passwd",
    "timezone",
)
_DEVICES = ("null", "zero", "random", "urandom")
_PACKAGES = ("server", "signaling", "media", "recorder")
_ROOT = Path(__file__).resolve().parents[3]


def version() -> int:
    """Return which version of Landlock the kernel has; 0: none."""
    if sys.platform != "linux":
        return 0
    found: int = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    return max(0, found)


def confine(folder: Path, reads: Sequence[Path], office: Path | None = None) -> bool:
    """Leave this process `folder`, to read `reads`, and what programs need; return whether the kernel does that.

    `office` is LibreOffice, when it is what will run: it may be installed outside of the system's folders, and begins
    with a socket in /tmp, whatever TMPDIR says (sal/osl/unx/pipe.cxx). Needs PR_SET_NO_NEW_PRIVS.

    Raises:
        OSError: the kernel has Landlock and would not take a rule.
    """
    abi = version()
    if abi == 0:
        return False
    handled = _FIRST_ABI | (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0)
    ruleset = _call(_CREATE_RULESET, struct.pack("=Q", handled), ctypes.c_size_t(8), 0)
    system = [Path(one) for one in _SYSTEM] + [Path("/etc", one) for one in _ETC]
    own = [Path(sys.prefix), Path(sys.base_prefix), *(_ROOT / name for name in _PACKAGES), *reads]
    if office is not None:
        own.append(office.resolve().parent.parent)  # of /opt/libreoffice24.8/program/soffice
        own += [Path("/var/lib/libreoffice"), Path("/var/spool/libreoffice")]  # Debian's share/prereg, uno_packages
    try:
        for path in (*system, *own):
            _allow(ruleset, path, _READ)
        _allow(ruleset, _ROOT, _READ_DIR)
        for name in _DEVICES:
            _allow(ruleset, Path("/dev", name), _READ_FILE | _WRITE_FILE)
        if office is not None:
            _allow(ruleset, Path("/tmp"), _MAKE_SOCK | _REMOVE_FILE)
        _allow(ruleset, folder, handled)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # not every distribution has everything
    try:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rule = struct.pack("=Qi", access if is_folder else access & _OF_FILES, opened)
        _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer: int = libc.syscall(number, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"landlock: system call {number}")
    return answer
